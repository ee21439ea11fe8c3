import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { addAt } from '../../numerics/arrays.kernel.ts';
import { evenPart, type Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';

/** Rows whose scores are kept: as many as a report takes. */
const mostJudged = 2000;

/** Leave-one-out scores of fewer rows choose neither alpha nor the factor of the softmax: both are then chance. */
export const fewestJudged = 10;

/** Rows whose class has another row: of the only row of its class the fit without it knows nothing. */
export function judgedRows(labels: Int32Array, classCount: number): Int32Array {
  const counts = new Int32Array(classCount);
  for (const label of labels) addAt(counts, label, 1);
  return Int32Array.from(labels.keys()).filter((row) => valueAt(counts, valueAt(labels, row)) > 1);
}

/** Share of these rows that the fit without them gets right. */
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
 * Conformal scores of rows by the fit without them, spread evenly where there are many.
 *
 * @param scores [rows, classes], by the fit without the row
 * @param factor probabilities are softmax(factor * scores)
 * @param judged the rows that may be judged
 * @returns none where rows are kin, views of an image or images of a group: the fit without one has seen the others
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
  const rows = evenPart(judged, mostJudged);
  if (rows.length === 0) return undefined;
  const own = Float32Array.from({ length: rows.length * classCount }, (_, at) => {
    const c = at % classCount;
    // A class without a row has no probability.
    if (!present.has(c)) return Number.NEGATIVE_INFINITY;
    return valueAt(scores, valueAt(rows, Math.floor(at / classCount)) * classCount + c);
  });
  const truth = rows.map((row) => valueAt(labels, row));
  return conformalScores(own, classCount, truth, factor);
}
