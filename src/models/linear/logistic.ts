import { addAt } from '../../numerics/arrays.kernel.ts';
import { addRowVector, shiftBias } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import { isStored, type RowSource, rowPass, takeRows } from '../../rows/row-source.ts';
import { meansOf } from '../../rows/scale.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { absentBias } from '../linear-head.ts';
import {
  allocate,
  type Coordinates,
  fitRows,
  type LogisticContext,
  type LogisticOptions,
  type RowsFit,
} from './fit-rows.ts';
import { spanOfRows } from './row-span.ts';

export interface LogisticFit extends RowsFit {
  /** [dims, classes] */
  readonly weights: Float64Array;
  /** [classes] */
  readonly bias: Float32Array;
}

export interface LogisticSolver {
  /** @throws InterruptedError if the signal is aborted */
  fit(options: LogisticOptions): Promise<LogisticFit>;
  fold(fold: Split): LogisticFold;
}

/** Fits the training rows of a fold, and scores its test rows. */
interface LogisticFold {
  /**
   * @param options `start` may be the `x` of a fit of the whole table or of another fold, too
   * @throws InterruptedError if the signal is aborted
   */
  fit(options: LogisticOptions): Promise<RowsFit>;
  /** [test rows, classes]; minus infinity for a class without training rows. */
  testScores(x: Float64Array): Promise<Float32Array>;
  /** A copy of the fold's `x` from which to fit the whole table, with zeros for classes without training rows in the fold. */
  startForAll(x: Float64Array): Float64Array;
}

/** With at most this many rows per feature, their Gram matrix costs less than it saves. */
const fewRows = 0.5;

export function isFittedInSpan(rowCount: number, dims: number): boolean {
  return rowCount <= fewRows * dims;
}

/**
 * Multinomial logistic regression with an L2 penalty by L-BFGS: the optimum of scikit-learn's `LogisticRegression(C)`,
 * for two classes, too. The state is float64, the products float32. Features are centred, by way of the weights and the
 * gradient, without a copy: since the intercept is not penalized, the optimum is the same, reached in far fewer steps.
 * Few rows are fitted in their span; many rows in memory, with eight classes or more, first in subspaces.
 *
 * @param table every class has a row; features on disk are read at least once per step
 * @throws InterruptedError if the signal is aborted
 */
export async function logisticSolver(table: Table<RowSource>, context: LogisticContext): Promise<LogisticSolver> {
  const coordinates = await coordinatesOf(table, context);
  return {
    fit: (options) => fitWhole(coordinates, options, context),
    fold: (fold) => foldOf(coordinates, fold, context),
  };
}

async function coordinatesOf(table: Table<RowSource>, context: LogisticContext): Promise<Coordinates> {
  const { features } = table;
  const featureMeans = await meansOf(features, table.sampleWeights);
  const span =
    isStored(features) || !isFittedInSpan(features.rowCount, features.columnCount)
      ? undefined
      : await spanOfRows(features, featureMeans, context.signal);
  if (span === undefined) return { table, means: featureMeans, span, featureMeans };
  const means = await meansOf(span.rows, table.sampleWeights);
  return { table: { ...table, features: span.rows }, means, span, featureMeans };
}

async function fitWhole(
  coordinates: Coordinates,
  options: LogisticOptions,
  context: LogisticContext,
): Promise<LogisticFit> {
  const { table, means, span, featureMeans } = coordinates;
  const classCount = table.classes.length;
  const result = await fitRows(coordinates, table, options, context);
  const seen = result.x.subarray(0, -classCount);
  const bias = new Float32Array(classCount);
  shiftBias(result.x.subarray(-classCount), seen, means, bias);
  if (span === undefined) return { ...result, weights: seen, bias };
  const weights = await span.expand(seen, classCount);
  // The intercepts are for centred rows.
  shiftBias(Float64Array.from(bias), weights, featureMeans, bias);
  return { ...result, weights, bias };
}

function foldOf(coordinates: Coordinates, fold: Split, context: LogisticContext): LogisticFold {
  const { table, means } = coordinates;
  const classCount = table.classes.length;
  const train = takeTableRows(table, fold.train);
  const rowsOf = new Float64Array(classCount);
  for (const [row, label] of train.labels.entries()) addAt(rowsOf, label, train.sampleWeights?.[row] ?? 1);
  const absent = Array.from(rowsOf.keys()).filter((c) => rowsOf[c] === 0);
  return {
    fit: (options) => {
      const start = allocate((means.length + 1) * classCount, context);
      if (options.start !== undefined) start.set(options.start);
      // A class of probability 0 has no gradient and stays unchanged.
      for (const c of absent) {
        for (let i = c; i < start.length; i += classCount) start[i] = 0;
        start[means.length * classCount + c] = absentBias;
      }
      return fitRows(coordinates, train, { ...options, start }, context);
    },
    testScores: async (x) => {
      const seen = x.subarray(0, -classCount);
      const bias = new Float32Array(classCount);
      shiftBias(x.subarray(-classCount), seen, means, bias);
      for (const c of absent) bias[c] = Number.NEGATIVE_INFINITY;
      const weights = { rowCount: means.length, columnCount: classCount, data: Float32Array.from(seen) };
      const scores = new Float32Array(fold.test.length * classCount);
      const pass = rowPass(takeRows(table.features, fold.test));
      for await (const { start, ...block } of pass.blocks()) {
        const { data } = await multiply(block, weights, context);
        addRowVector(data, bias);
        for (let row = 0; row < block.rowCount; row++) {
          const place = pass.places?.[start + row] ?? start + row;
          scores.set(data.subarray(row * classCount, (row + 1) * classCount), place * classCount);
        }
      }
      return scores;
    },
    startForAll: (x) => {
      const start = x.slice();
      for (const c of absent) start[means.length * classCount + c] = 0;
      return start;
    },
  };
}
