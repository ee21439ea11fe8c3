import type { Arena } from '../../numerics/arena.ts';
import { type LbfgsResult, lossError, minimize } from '../../numerics/lbfgs.ts';
import { addPenalty, shiftBias, shiftGradient } from '../../numerics/linear-loss.kernel.ts';
import { meansOf } from '../../rows/column-means.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { linearLoss } from '../linear-loss.ts';
import { spanOfRows } from './row-span.ts';

export interface LogisticContext {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Told after each block how many rows of a pass it had. */
  readonly onRows?: ((count: number) => void) | undefined;
  /** Where the state lies. `x` of the result and what is made of it are then good until the arena is emptied. */
  readonly arena?: Arena | undefined;
}

export interface LogisticOptions {
  /** Inverse strength of the L2 penalty, scikit-learn's C: the loss is the sum over the rows plus |weights|² / (2 C). */
  readonly C: number;
  readonly maxIterations: number;
  /** Share of the objective that may be left to win. Default: 5e-9, for probabilities within 4e-4 of the optimum's. */
  readonly valueTolerance?: number | undefined;
  /** Where to start: the `x` of an earlier fit of the same solver, which is changed in place. Default: zeros. */
  readonly start?: Float64Array | undefined;
  readonly onIteration?: (iteration: number, value: number, gradientSize: number) => void;
}

export interface LogisticFit extends LbfgsResult {
  /** [dims, classes] */
  readonly weights: Float64Array;
  /** [classes] */
  readonly bias: Float32Array;
}

/** Fits one table as often as asked. */
export interface LogisticSolver {
  /** @throws InterruptedError when the signal is aborted */
  fit(options: LogisticOptions): Promise<LogisticFit>;
}

/** scikit-learn's default `tol`, on the largest part of the gradient of the summed loss. */
export const gradientTolerance = 1e-4;
/**
 * Share of the objective that is left to win. Probabilities of test rows were then within 4e-4 of the optimum's (9,199 and
 * 800 rows of 2,048 features, 120 classes, C from 0.1 to 10); at 1e-7 they were off by 1e-3 to 4e-3.
 */
const defaultValueTolerance = 5e-9;

/** With so few rows per feature their Gram matrix costs less than it saves in the steps. */
const fewRows = 0.5;

/** Whether a fit of rows in memory is one in their span. */
export function isFittedInSpan(rowCount: number, dims: number): boolean {
  return rowCount <= fewRows * dims;
}

/**
 * Multinomial logistic regression with an L2 penalty by L-BFGS: the optimum of scikit-learn's `LogisticRegression(C)`,
 * two classes included. The state is float64, the products float32. The intercept is not penalized, so centred features
 * have the same optimum and get there in far fewer steps; the centring is done on the weights and the gradient, never
 * on a copy of the features. Where rows are few the steps are taken in their span.
 *
 * @param table every class has a row; its features may stay on the disk, which each step then reads once or more
 * @throws InterruptedError when the signal is aborted
 */
export async function logisticSolver(table: Table<RowSource>, context: LogisticContext): Promise<LogisticSolver> {
  const { features } = table;
  const classCount = table.classes.length;
  const means = await meansOf(features, table.sampleWeights);
  const span =
    isStored(features) || !isFittedInSpan(features.rowCount, features.columnCount)
      ? undefined
      : await spanOfRows(features, means, context.signal);
  if (span === undefined) return { fit: (options) => fitRows(table, means, options, context) };
  const turned = { ...table, features: span.rows };
  const turnedMeans = await meansOf(span.rows, table.sampleWeights);
  return {
    fit: async (options) => {
      const fit = await fitRows(turned, turnedMeans, options, context);
      const weights = await span.expand(fit.weights, classCount);
      const bias = new Float32Array(classCount);
      // The span is that of centred rows: its intercepts are theirs too.
      shiftBias(Float64Array.from(fit.bias), weights, means, bias);
      return { ...fit, weights, bias };
    },
  };
}

/** One fit: see `logisticSolver`. */
export async function fitLogistic(
  table: Table<RowSource>,
  options: LogisticOptions & LogisticContext,
): Promise<LogisticFit> {
  return (await logisticSolver(table, options)).fit(options);
}

async function fitRows(
  table: Table<RowSource>,
  means: Float64Array,
  options: LogisticOptions,
  context: LogisticContext,
): Promise<LogisticFit> {
  const dims = table.features.columnCount;
  const classCount = table.classes.length;
  const weightCount = dims * classCount;
  // scikit-learn fits two classes by one vector v; here it is the pair v/2 and -v/2, whose squares sum to half.
  const strength = (classCount === 2 ? 2 : 1) / options.C;
  const loss = linearLoss('softmax', table, context);
  const state = { weights: new Float32Array(weightCount), bias: new Float32Array(classCount) };

  const objective = async (x: Float64Array, gradient: Float64Array): Promise<number> => {
    const weights = x.subarray(0, weightCount);
    const weightGradient = gradient.subarray(0, weightCount);
    const biasGradient = gradient.subarray(weightCount);
    state.weights.set(weights);
    shiftBias(x.subarray(weightCount), weights, means, state.bias);
    const value = await loss.evaluate(state, weightGradient, biasGradient);
    shiftGradient(weightGradient, biasGradient, means);
    return value + addPenalty(weightGradient, weights, strength);
  };
  const allocate = (length: number): Float64Array => context.arena?.take(length) ?? new Float64Array(length);
  const result = await minimize(objective, options.start ?? allocate(weightCount + classCount), {
    maxIterations: options.maxIterations,
    gradientTolerance,
    valueTolerance: options.valueTolerance ?? defaultValueTolerance,
    valueError: lossError(table.labels.length),
    signal: context.signal,
    allocate,
    ...(options.onIteration === undefined ? {} : { onIteration: options.onIteration }),
  });
  const weights = result.x.subarray(0, weightCount);
  const bias = new Float32Array(classCount);
  shiftBias(result.x.subarray(weightCount), weights, means, bias);
  return { ...result, weights, bias };
}
