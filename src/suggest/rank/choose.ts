import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import { valueAt } from '../../system/at.ts';
import { kCenterGreedy } from './k-center.kernel.ts';

/** Methods of choosing photos to label; the first is the default. */
export const choices = ['margin-k-center', 'margin'] as const;
export type Choice = (typeof choices)[number];

/** Candidates per requested photo, those with the smallest margins. */
const candidatesPerPhoto = 3;

/**
 * Chooses rows to label next, most useful first.
 *
 * `margin` takes those with the smallest difference in probability between the two top classes (margin sampling:
 * Scheffer, Decomain and Wrobel, 2001); `margin-k-center` takes a diverse subset of three times as many, by k-center
 * greedy on the cosine distance of the features, starting with the smallest margin.
 *
 * @param margins of each row: difference in probability between the predicted class and the most probable other one
 * @param readRows reads features of rows, in the order given; they are changed in place
 * @returns `count` row numbers, or all
 */
export async function chooseToLabel(
  margins: Float64Array,
  count: number,
  choice: Choice,
  readRows: (rows: Int32Array) => Promise<Matrix>,
): Promise<Int32Array> {
  const bySureness = Int32Array.from(margins.keys()).sort((a, b) => valueAt(margins, a) - valueAt(margins, b) || a - b);
  const wanted = Math.min(count, margins.length);
  if (choice === 'margin') return bySureness.subarray(0, wanted);
  const candidates = bySureness.subarray(0, candidatesPerPhoto * wanted);
  const { data, rowCount, columnCount } = await readRows(candidates);
  unitRows(data, rowCount, columnCount);
  const distances = new Float64Array(rowCount).fill(Number.POSITIVE_INFINITY);
  return kCenterGreedy(data, columnCount, wanted, distances).map((place) => valueAt(candidates, place));
}
