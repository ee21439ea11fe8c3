import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { evenPart, type Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';

/** Rows whose scores are kept: as many as a report takes. */
const mostJudged = 2000;

/** Share of the rows that the fit without them gets right. */
export function leftOutAccuracy(scores: Float64Array, labels: Int32Array, classCount: number): number {
  const predicted = largestPerRow(Float32Array.from(scores), classCount);
  return predicted.filter((label, row) => label === labels[row]).length / labels.length;
}

/**
 * Conformal scores of rows by the fit without them, spread evenly where there are many. Not of a row that is the only one
 * of its class, which the fit without it knows nothing of.
 *
 * @param scores [rows, classes], by the fit without the row
 * @param factor probabilities are softmax(factor * scores)
 * @returns none where rows are kin, views of an image or images of a group: the fit without one has seen the others
 */
export function leftOutConformal(
  { labels, classes, groups, plainRowOf }: Omit<Table, 'features'>,
  scores: Float64Array,
  factor: number,
): Float64Array | undefined {
  if (groups !== undefined || plainRowOf !== undefined) return undefined;
  const classCount = classes.length;
  const counts = new Int32Array(classCount);
  for (const label of labels) counts[label] = valueAt(counts, label) + 1;
  const shared = Int32Array.from(labels.keys()).filter((row) => valueAt(counts, valueAt(labels, row)) > 1);
  const rows = evenPart(shared, mostJudged);
  if (rows.length === 0) return undefined;
  const own = Float32Array.from({ length: rows.length * classCount }, (_, at) => {
    const c = at % classCount;
    // A class without a row has no probability.
    if (counts[c] === 0) return Number.NEGATIVE_INFINITY;
    return valueAt(scores, valueAt(rows, Math.floor(at / classCount)) * classCount + c);
  });
  const truth = rows.map((row) => valueAt(labels, row));
  return conformalScores(own, classCount, truth, factor);
}
