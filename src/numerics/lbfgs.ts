import { pauseForInterrupt } from '../system/interrupt.ts';
import { dot, largestMagnitude, stepFrom } from './lbfgs.kernel.ts';
import { lbfgsMemory } from './lbfgs-memory.ts';

/** A smooth function to be made small: writes its gradient at `x` into `gradient` and resolves to its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => Promise<number>;

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Converged when no part of the gradient is larger. */
  readonly gradientTolerance: number;
  /**
   * What `gradientTolerance` is held against, by default the largest magnitude. Where that costs much, any number above
   * the tolerance puts off the end by a step, but where the search has ended.
   */
  readonly sizeOf?: ((gradient: Float64Array, ended: boolean) => number | Promise<number>) | undefined;
  /** Converged when what is left to win, as the quadratic model sees it, is a smaller share of the value twice in a row; 0: never. */
  readonly valueTolerance: number;
  /** Error of the objective's value: a line search that asks for a decrease below it would never end. */
  readonly valueError: { readonly relative: number; readonly absolute: number };
  /** What the objective curves by at least, in every direction that has much to win; default: not known. */
  readonly curvature?: number | undefined;
  /** Value and gradient at the start, where they are known already. */
  readonly known?: { readonly value: number; readonly gradient: Float64Array } | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onIteration?: ((iteration: number, value: number, gradientSize: number) => void) | undefined;
  /** Makes the vectors of the state, all 0. Default: new arrays. */
  readonly allocate?: (length: number) => Float64Array;
}

/**
 * Why a search ended. `gradient`: no part of it is above its tolerance; `value`: too little is left to win; `rounding`: what
 * is left is less than the value is off by; `steps`: there were no more; `stuck`: no step down was found.
 */
export type LbfgsEnd = 'gradient' | 'value' | 'rounding' | 'steps' | 'stuck';

export interface LbfgsResult {
  /** Where the search ended: the `x` it was given, changed in place. */
  readonly x: Float64Array;
  readonly value: number;
  /** Largest magnitude in the gradient, or what `sizeOf` makes of it. */
  readonly gradientSize: number;
  readonly end: LbfgsEnd;
  readonly iterations: number;
  readonly evaluations: number;
  readonly converged: boolean;
  /** What was left to win, as the quadratic model sees it. */
  readonly left: number;
}

/** Armijo and weak Wolfe constants; Nocedal and Wright, Numerical Optimization, section 3.1. */
const sufficientDecrease = 1e-4;
const flattening = 0.9;
const maxLineSearchSteps = 30;
/** The model sees too little now and then: it must say twice that nothing is left. */
const idleSteps = 2;

/**
 * Minimizes by limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with a bisecting weak Wolfe line search (Lewis
 * and Overton, 2013), which asks nothing of a loss that is only exact to float32.
 *
 * @param x start; changed in place
 * @throws InterruptedError when the signal is aborted
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
  // No step along the gradient is worth more: with the least curvature it ends at the minimum.
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
    // The model's minimum is -slope / 2 below. Unlike what a step won, that is not lost in the error of the value.
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
      // Where what the model has left is within the value's error, nothing is.
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
 * Error of a sum of so many float32 losses, each times `factor`: scores of around ten are exact to a millionth, and what
 * they are off by adds up as a random walk does.
 */
export function lossError(count: number, factor = 1): LbfgsOptions['valueError'] {
  return { relative: 1e-7, absolute: 1e-6 * factor * Math.sqrt(count) };
}
