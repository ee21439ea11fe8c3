import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { countClasses } from '../../rows/classes.ts';
import { evenlySpaced, type Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';

const mostJudged = 2000;

/** With fewer rows, leave-one-out scores choose neither alpha nor the factor of the softmax. */
export const fewestJudged = 10;

/** Rows whose class has another row: only these can be predicted when left out. */
export function judgedRows(labels: Int32Array, classCount: number): Int32Array {
  const counts = countClasses(labels, classCount);
  return Int32Array.from(labels.keys()).filter((row) => valueAt(counts, valueAt(labels, row)) > 1);
}

/** Accuracy of these rows by the fits without them. */
export function leftOutAccuracy(
  scores: Float64Array,
  labels: Int32Array,
  classCount: number,
  judged: Int32Array,
): number {
  const predicted = largestPerRow(Float32Array.from(scores), classCount);
  return judged.filter((row) => predicted[row] === labels[row]).length / judged.length;
}

/**
 * Conformal scores of rows by the fits without them; evenly spaced rows if there are many.
 *
 * @param scores [rows, classes], by the fit without the row
 * @param factor probabilities are softmax(factor * scores)
 * @returns undefined with views or groups: the fit without a row has seen related ones
 */
export function leftOutConformal(
  { labels, classes, groups, plainRowOf }: Omit<Table, 'features'>,
  scores: Float64Array,
  factor: number,
  judged: Int32Array,
): Float64Array | undefined {
  if (groups !== undefined || plainRowOf !== undefined) return undefined;
  const classCount = classes.length;
  const present = new Set(labels);
  const rows = evenlySpaced(judged, mostJudged);
  if (rows.length === 0) return undefined;
  const own = Float32Array.from({ length: rows.length * classCount }, (_, at) => {
    const c = at % classCount;
    // A class without a row has no probability.
    if (!present.has(c)) return Number.NEGATIVE_INFINITY;
    return valueAt(scores, valueAt(rows, Math.floor(at / classCount)) * classCount + c);
  });
  return conformalScores(own, classCount, takeInts(labels, rows), factor);
}
