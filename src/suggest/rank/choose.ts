import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import { valueAt } from '../../system/at.ts';
import { kCenterGreedy } from './k-center.kernel.ts';

/** How photos to label are chosen; the first is what is done unless another is asked for. */
export const choices = ['margin-k-center', 'margin'] as const;
export type Choice = (typeof choices)[number];

/** Of the photos that the head is least sure of, so many for each that is asked for are chosen among. */
const candidatesPerPhoto = 3;

/**
 * Which rows to label next, the first to label first.
 *
 * `margin` takes those whose predicted class is closest to the next one in probability (margin sampling: Scheffer, Decomain and Wrobel, 2001);
 * `margin-k-center` takes three times as many of them, and of these such as are unlike each other, by k-center greedy on
 * the cosine of the features, beginning with the smallest margin.
 *
 * @param margins of each row: probability of the predicted class less that of the next
 * @param readRows features of rows, in the order given; is changed
 * @returns row numbers, `count` of them or as many as there are
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
