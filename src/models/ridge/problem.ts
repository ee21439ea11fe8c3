import type { Matrix64 } from '../../numerics/gemm64.ts';
import { columnMeans } from '../../numerics/linear-loss.kernel.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { fewestJudged, judgedRows } from './left-out.ts';
import { centredRows, centredTargets } from './ridge.kernel.ts';

/** Ridge regression on centred, weighted rows. */
export interface Problem {
  readonly features: Matrix;
  readonly labels: Int32Array;
  readonly classCount: number;
  readonly featureMeans: Float64Array;
  readonly targetMeans: Float64Array;
  /** Square root of each row's weight. */
  readonly rowFactors: Float64Array;
  /** Each row's share of all weight: what the intercept adds to its own leverage. */
  readonly rowShares: Float64Array;
  /** 1 for each row whose leave-one-out error counts, else 0. */
  readonly judged: Uint8Array;
  /** They are too few to choose a penalty by their errors. */
  readonly few: boolean;
}

/** Columns of the covariance at a time. */
export const panelColumns = 512;

export function prepare(
  features: Matrix,
  labels: Int32Array,
  classCount: number,
  weights: Float64Array | null,
): Problem {
  const { rowCount, columnCount } = features;
  const weightSum = weights === null ? rowCount : weights.reduce((sum, weight) => sum + weight, 0);
  const targetMeans = new Float64Array(classCount).fill(-1);
  labels.forEach((label, row) => {
    targetMeans[label] = targetMeans[label]! + (2 * (weights?.[row] ?? 1)) / weightSum;
  });
  const judged = judgedRows(labels, classCount);
  const few = judged.length < fewestJudged;
  const counts = new Uint8Array(rowCount).fill(few ? 1 : 0);
  for (const row of judged) counts[row] = 1;
  return {
    features,
    labels,
    classCount,
    judged: counts,
    few,
    featureMeans: columnMeans(features.data, columnCount, weights ?? undefined),
    targetMeans,
    rowFactors: Float64Array.from({ length: rowCount }, (_, row) => Math.sqrt(weights?.[row] ?? 1)),
    rowShares: Float64Array.from({ length: rowCount }, (_, row) => (weights?.[row] ?? 1) / weightSum),
  };
}

/** Rows from `first` on, at most `count`: [rows, dims]. */
export function rowBlock(problem: Problem, first: number, count: number): Matrix64 {
  const { features, featureMeans, rowFactors } = problem;
  const rowCount = Math.min(count, features.rowCount - first);
  const { columnCount } = features;
  return {
    rowCount,
    columnCount,
    data: centredRows(features.data, columnCount, first, rowCount, featureMeans, rowFactors),
  };
}

/** Columns of a row block from `start` on, at most `panelColumns`. */
export function columnPanel(
  { features, featureMeans, rowFactors }: Problem,
  first: number,
  rowCount: number,
  start: number,
): Matrix64 {
  const { columnCount: dims, data } = features;
  const end = Math.min(dims, start + panelColumns);
  return {
    rowCount,
    columnCount: end - start,
    data: centredRows(data, dims, first, rowCount, featureMeans, rowFactors, start, end),
  };
}

/** Their targets: [rows, classes]. */
export function targetBlock(problem: Problem, first: number, count: number): Matrix64 {
  const { labels, classCount, targetMeans, rowFactors } = problem;
  const rowCount = Math.min(count, labels.length - first);
  return {
    rowCount,
    columnCount: classCount,
    data: centredTargets(labels, classCount, first, rowCount, targetMeans, rowFactors),
  };
}
