import { pauseForInterrupt } from '../interrupt.ts';
import { addScaled, dot, largestMagnitude, scale, stepFrom, subtract } from './lbfgs.kernel.ts';

/** A smooth function to be made small: writes its gradient at `x` into `gradient` and resolves to its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => Promise<number>;

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Converged when no part of the gradient is larger. */
  readonly gradientTolerance: number;
  /** Converged when a few steps in a row each win less than this share of the value. */
  readonly valueTolerance: number;
  /** Relative error of the objective's value: a line search that asks for a decrease below it would never end. */
  readonly valueSlack: number;
  readonly signal?: AbortSignal | undefined;
  readonly onIteration?: (iteration: number, value: number, gradientSize: number) => void;
}

export interface LbfgsResult {
  /** Where the search ended: the `x` it was given, changed in place. */
  readonly x: Float64Array;
  readonly value: number;
  /** Largest magnitude in the gradient. */
  readonly gradientSize: number;
  readonly iterations: number;
  readonly evaluations: number;
  readonly converged: boolean;
}

/** Pairs of steps and gradient changes that are remembered: scipy's and scikit-learn's number. */
const memory = 10;
/** Armijo and weak Wolfe constants; Nocedal and Wright, Numerical Optimization, section 3.1. */
const sufficientDecrease = 1e-4;
const curvature = 0.9;
const maxLineSearchSteps = 30;
/** Steps in a row that win next to nothing before the search ends. */
const maxIdleSteps = 3;

/**
 * Minimizes by limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with a bisecting weak Wolfe line search (Lewis
 * and Overton, 2013), which asks nothing of a loss that is only exact to float32.
 *
 * @param x start; changed in place
 * @throws InterruptedError when the signal is aborted
 */
export async function minimize(objective: Objective, x: Float64Array, options: LbfgsOptions): Promise<LbfgsResult> {
  const size = x.length;
  const pairs: { readonly step: Float64Array; readonly change: Float64Array; readonly curvature: number }[] = [];
  let gradient = new Float64Array(size);
  let nextGradient = new Float64Array(size);
  let next: Float64Array = new Float64Array(size);
  let current: Float64Array = x;
  const direction = new Float64Array(size);
  let value = await objective(current, gradient);
  let evaluations = 1;
  let iterations = 0;
  let idleSteps = 0;
  let gradientSize = largestMagnitude(gradient);
  let converged = gradientSize <= options.gradientTolerance;

  while (!converged && iterations < options.maxIterations) {
    twoLoop(direction, gradient, pairs);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      pairs.length = 0;
      twoLoop(direction, gradient, pairs);
      slope = dot(direction, gradient);
    }

    const slack = options.valueSlack * Math.abs(value);
    let [low, high] = [0, Number.POSITIVE_INFINITY];
    let length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let nextValue = value;
    let found = false;
    for (let trial = 0; trial < maxLineSearchSteps && !found; trial++) {
      await pauseForInterrupt(options.signal);
      stepFrom(next, current, length, direction);
      nextValue = await objective(next, nextGradient);
      evaluations++;
      if (!(nextValue <= value + sufficientDecrease * length * slope + slack)) high = length;
      else if (dot(direction, nextGradient) < curvature * slope) low = length;
      else found = true;
      if (!found) length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
    }
    // No step along a fresh steepest descent means that the value's own error hides any further decrease.
    if (!found) {
      if (pairs.length === 0) break;
      pairs.length = 0;
      continue;
    }

    const step = pairs.length === memory ? (pairs.shift() as (typeof pairs)[0]) : undefined;
    const pair = { step: step?.step ?? new Float64Array(size), change: step?.change ?? new Float64Array(size) };
    subtract(pair.step, next, current);
    subtract(pair.change, nextGradient, gradient);
    const pairCurvature = dot(pair.step, pair.change);
    if (pairCurvature > Number.EPSILON * dot(pair.change, pair.change)) {
      pairs.push({ ...pair, curvature: pairCurvature });
    }

    idleSteps = value - nextValue <= options.valueTolerance * Math.abs(value) ? idleSteps + 1 : 0;
    value = nextValue;
    [current, next] = [next, current];
    [gradient, nextGradient] = [nextGradient, gradient];
    iterations++;
    gradientSize = largestMagnitude(gradient);
    converged = gradientSize <= options.gradientTolerance || idleSteps >= maxIdleSteps;
    options.onIteration?.(iterations, value, gradientSize);
  }
  if (current !== x) x.set(current);
  return { x, value, gradientSize, iterations, evaluations, converged };
}

/** direction = -H · gradient, H being the inverse Hessian as the pairs know it. */
function twoLoop(
  direction: Float64Array,
  gradient: Float64Array,
  pairs: readonly { readonly step: Float64Array; readonly change: Float64Array; readonly curvature: number }[],
): void {
  direction.set(gradient);
  const factors: number[] = [];
  for (const pair of pairs.toReversed()) {
    const factor = dot(pair.step, direction) / pair.curvature;
    addScaled(direction, -factor, pair.change);
    factors.push(factor);
  }
  const last = pairs.at(-1);
  if (last !== undefined) scale(direction, last.curvature / dot(last.change, last.change));
  for (const pair of pairs) {
    const factor = factors.pop() as number;
    addScaled(direction, factor - dot(pair.change, direction) / pair.curvature, pair.step);
  }
  scale(direction, -1);
}
