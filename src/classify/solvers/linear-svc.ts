import type { Table } from '../table.ts';
import { type LbfgsResult, lossError, minimize } from './lbfgs.ts';
import { penalize } from './linear-loss.kernel.ts';
import { linearLoss } from './linear-loss.ts';

export interface LinearSvcOptions {
  /** Weight of the squared hinge losses, scikit-learn's C: the objective is |weights and bias|² / 2 + C times their sum. */
  readonly C: number;
  readonly maxIterations: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Share of the objective that three steps in a row have to win. Default: 1e-7, which ends within 1e-3 of the optimum. */
  readonly valueTolerance?: number;
  /** Where to start: the `x` of an earlier fit of the same shape, which is changed in place. Default: zeros. */
  readonly start?: Float64Array;
  readonly onIteration?: (iteration: number) => void;
}

export interface LinearSvcFit extends LbfgsResult {
  /** [dims, classes] */
  readonly weights: Float64Array;
  /** [classes] */
  readonly bias: Float64Array;
}

/** Largest part of the gradient, over C: liblinear's own bound is relative and looser. */
const gradientTolerance = 1e-3;
const defaultValueTolerance = 1e-7;

/**
 * Linear SVMs one against the rest with the squared hinge loss, all classes in one product per step: the optimum of
 * scikit-learn's `LinearSVC(C)`. Its intercept is penalized like a weight, so the features are not centred.
 *
 * @throws InterruptedError when the signal is aborted
 */
export async function fitLinearSvc(table: Table, options: LinearSvcOptions): Promise<LinearSvcFit> {
  const dims = table.features.columnCount;
  const classCount = table.classes.length;
  const weightCount = dims * classCount;
  const loss = linearLoss('squaredHinge', table, options);
  const state = { weights: new Float32Array(weightCount), bias: new Float32Array(classCount) };
  const objective = async (x: Float64Array, gradient: Float64Array): Promise<number> => {
    state.weights.set(x.subarray(0, weightCount));
    state.bias.set(x.subarray(weightCount));
    const value = await loss.evaluate(state, gradient.subarray(0, weightCount), gradient.subarray(weightCount));
    return options.C * value + penalize(gradient, x, options.C);
  };
  const result = await minimize(objective, options.start ?? new Float64Array(weightCount + classCount), {
    maxIterations: options.maxIterations,
    gradientTolerance: gradientTolerance * options.C,
    valueTolerance: options.valueTolerance ?? defaultValueTolerance,
    valueError: lossError(table.labels.length * classCount, options.C),
    signal: options.signal,
    ...(options.onIteration === undefined ? {} : { onIteration: options.onIteration }),
  });
  return { ...result, weights: result.x.subarray(0, weightCount), bias: result.x.subarray(weightCount) };
}
