import type { Matrix64 } from '../../numerics/gemm64.ts';
import { columnMeans } from '../../numerics/linear-loss.kernel.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { fewestJudged, judgedRows } from './left-out.ts';
import { centredRows, centredTargets } from './ridge.kernel.ts';

export interface Problem {
  readonly features: Matrix;
  readonly labels: Int32Array;
  readonly classCount: number;
  readonly featureMeans: Float64Array;
  readonly targetMeans: Float64Array;
  /** Square root of each row's weight. */
  readonly rowFactors: Float64Array;
  /** Each row's share of the total weight, which the intercept adds to its leverage. */
  readonly rowShares: Float64Array;
  /** 1 for a row whose leave-one-out error counts, else 0. */
  readonly judged: Uint8Array;
  /** Whether there are too few of them to choose a penalty. */
  readonly few: boolean;
}

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

/** Up to `count` rows from `first` on: [rows, dims]. */
export function rowBlock(problem: Problem, first: number, count: number): Matrix64 {
  const { rowCount, columnCount } = problem.features;
  return centred(problem, first, Math.min(count, rowCount - first), 0, columnCount);
}

/** Up to `panelColumns` columns of a row block, from `start` on. */
export function columnPanel(problem: Problem, first: number, rowCount: number, start: number): Matrix64 {
  const { columnCount } = problem.features;
  return centred(problem, first, rowCount, start, Math.min(columnCount, start + panelColumns));
}

function centred(problem: Problem, first: number, rowCount: number, start: number, end: number): Matrix64 {
  const { features, featureMeans, rowFactors } = problem;
  const { columnCount, data } = features;
  const rows = centredRows(data, columnCount, first, rowCount, featureMeans, rowFactors, start, end);
  return { rowCount, columnCount: end - start, data: rows };
}

/** Targets of a row block: [rows, classes]. */
export function targetBlock(problem: Problem, first: number, count: number): Matrix64 {
  const { labels, classCount, targetMeans, rowFactors } = problem;
  const rowCount = Math.min(count, labels.length - first);
  return {
    rowCount,
    columnCount: classCount,
    data: centredTargets(labels, classCount, first, rowCount, targetMeans, rowFactors),
  };
}
