import { pauseForInterrupt } from '../system/interrupt.ts';
import { dot, largestMagnitude, stepFrom } from './lbfgs.kernel.ts';
import { lbfgsMemory } from './lbfgs-memory.ts';

/** A smooth function to minimize: writes its gradient at `x` into `gradient` and resolves to its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => Promise<number>;

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Converged if the gradient's largest magnitude is at most this. */
  readonly gradientTolerance: number;
  /**
   * Size of the gradient, compared with `gradientTolerance`; default: its largest magnitude. If it is expensive, any
   * number above the tolerance may be returned to postpone the test by a step, unless `ended` is true.
   */
  readonly sizeOf?: ((gradient: Float64Array, ended: boolean) => number | Promise<number>) | undefined;
  /**
   * Converged if the decrease predicted by the quadratic model is a smaller fraction of the value, twice in a row; 0:
   * never.
   */
  readonly valueTolerance: number;
  /** Rounding error of the objective's value: the line search does not demand a decrease below it. */
  readonly valueError: { readonly relative: number; readonly absolute: number };
  /** Lower bound of the objective's curvature in directions of significant decrease; default: unknown. */
  readonly curvature?: number | undefined;
  /** Value and gradient at the start, if known. */
  readonly known?: { readonly value: number; readonly gradient: Float64Array } | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onIteration?: ((iteration: number, value: number, gradientSize: number) => void) | undefined;
  /** Allocates the state's vectors, filled with zeros. Default: new arrays. */
  readonly allocate?: (length: number) => Float64Array;
}

/**
 * Why a search ended. `gradient`: its size is within the tolerance; `value`: the predicted decrease is too small;
 * `rounding`: it is below the value's rounding error; `steps`: the maximum number was reached; `stuck`: the line search
 * found no decrease.
 */
export type LbfgsEnd = 'gradient' | 'value' | 'rounding' | 'steps' | 'stuck';

export interface LbfgsResult {
  /** The solution: the given `x`, changed in place. */
  readonly x: Float64Array;
  readonly value: number;
  /** Largest magnitude in the gradient, or what `sizeOf` makes of it. */
  readonly gradientSize: number;
  readonly end: LbfgsEnd;
  readonly iterations: number;
  readonly evaluations: number;
  readonly converged: boolean;
  /** Remaining decrease predicted by the quadratic model. */
  readonly left: number;
}

/** Armijo and weak Wolfe constants; Nocedal and Wright, Numerical Optimization, section 3.1. */
const sufficientDecrease = 1e-4;
const flattening = 0.9;
const maxLineSearchSteps = 30;
/** The model sometimes underestimates: the predicted decrease must be small twice in a row. */
const idleSteps = 2;

/**
 * Minimizes by limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with a bisecting weak Wolfe line search (Lewis
 * and Overton, 2013), which tolerates a loss computed in float32.
 *
 * @param x start; changed in place
 * @throws InterruptedError if the signal is aborted
 */
export async function minimize(objective: Objective, x: Float64Array, options: LbfgsOptions): Promise<LbfgsResult> {
  const size = x.length;
  const allocate = options.allocate ?? ((length: number) => new Float64Array(length));
  const gradient = allocate(size);
  let next = allocate(size);
  let current = x;
  const direction = allocate(size);
  if (options.known !== undefined) gradient.set(options.known.gradient);
  let value = options.known?.value ?? (await objective(current, gradient));
  const memory = lbfgsMemory(gradient, allocate);
  let evaluations = options.known === undefined ? 1 : 0;
  let iterations = 0;
  let idle = 0;
  // With the lower bound of the curvature, a longer step along the gradient cannot gain more.
  const longest = options.curvature === undefined ? 1 : 1 / options.curvature;
  const sizeOf = options.sizeOf ?? largestMagnitude;
  let gradientSize = await sizeOf(gradient, false);
  let end: LbfgsEnd = gradientSize <= options.gradientTolerance ? 'gradient' : 'steps';

  while (end === 'steps' && iterations < options.maxIterations) {
    let slope = await memory.direction(direction);
    if (!(slope < 0)) {
      memory.reset();
      slope = await memory.direction(direction);
    }
    // The model's minimum is -slope / 2 below. Unlike the actual decrease, this is not lost in rounding errors.
    idle = -slope / 2 <= options.valueTolerance * Math.abs(value) ? idle + 1 : 0;
    if (idle >= idleSteps) {
      end = 'value';
      break;
    }

    const slack = options.valueError.relative * Math.abs(value) + options.valueError.absolute;
    let [low, high] = [0, Number.POSITIVE_INFINITY];
    let length = memory.pairCount === 0 ? Math.min(longest, 1 / Math.sqrt(-slope)) : 1;
    let nextValue = value;
    let found = false;
    for (let trial = 0; trial < maxLineSearchSteps && !found; trial++) {
      await pauseForInterrupt(options.signal);
      stepFrom(next, current, length, direction);
      nextValue = await objective(next, gradient);
      evaluations++;
      if (!(nextValue <= value + sufficientDecrease * length * slope + slack)) high = length;
      else if (dot(direction, gradient) < flattening * slope) low = length;
      else found = true;
      if (!found) length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
    }
    if (!found) {
      // A predicted decrease within the value's rounding error counts as none.
      if (-slope / 2 <= slack) end = 'rounding';
      else if (memory.pairCount === 0) end = 'stuck';
      else memory.reset();
      continue;
    }

    await memory.advance(current, next, length, gradient);
    value = nextValue;
    [current, next] = [next, current];
    iterations++;
    gradientSize = await sizeOf(gradient, false);
    if (gradientSize <= options.gradientTolerance) end = 'gradient';
    options.onIteration?.(iterations, value, gradientSize);
  }
  const mostLeft = dot(memory.gradient, memory.gradient) * (longest / 2);
  const model = -(await memory.direction(direction)) / 2;
  const left = Math.max(0, options.curvature === undefined ? model : Math.min(model, mostLeft));
  if (current !== x) x.set(current);
  if (end !== 'gradient') gradientSize = await sizeOf(memory.gradient, true);
  const converged = end !== 'steps' && end !== 'stuck';
  return { x, value, gradientSize, iterations, evaluations, converged, end, left };
}

/**
 * Rounding error of a sum of `count` float32 losses, each times `factor`: scores around ten are exact to a millionth,
 * and errors add up like a random walk.
 */
export function lossError(count: number, factor = 1): LbfgsOptions['valueError'] {
  return { relative: 1e-7, absolute: 1e-6 * factor * Math.sqrt(count) };
}
