import { addAt, takeInts } from '../../numerics/arrays.kernel.ts';
import { randomState } from '../../numerics/mt19937.kernel.ts';
import { countClasses } from '../../rows/classes.ts';
import { valueAt } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';

/**
 * A stratified subset of a split's training rows, in their order: a proportional share of each class, at least one row.
 * Depends only on the seed and the rows. All rows if `size` is at least their number.
 *
 * @param size a fraction of the rows in (0, 1), or a whole number of them
 * @throws UserError if the subset is smaller than the number of classes
 */
export function stratifiedSubsample(
  rows: Int32Array,
  labels: Int32Array,
  classes: readonly string[],
  size: number,
  seed: number,
): Int32Array {
  checkSubsample(size);
  const wanted = size < 1 ? Math.max(1, Math.round(size * rows.length)) : size;
  if (wanted >= rows.length) return rows;
  const own = takeInts(labels, rows);
  const counts = countClasses(own, classes.length);
  const present = counts.filter((count) => count > 0).length;
  if (wanted < present) {
    throw new UserError({
      what: 'the subsample is smaller than the number of classes',
      where: `--subsample ${size}`,
      found: `${wanted} of ${counted(rows.length, 'training image')} for ${counted(present, 'class')}`,
      expected: `at least ${present}, one of each class`,
      option: { name: 'subsample', value: String(present) },
      exitCode: 2,
    });
  }
  const left = sharesOf(counts, wanted);
  const taken = new Uint8Array(rows.length);
  for (const place of randomState(seed).permutation(rows.length)) {
    const label = valueAt(own, place);
    if (left[label] === 0) continue;
    left[label] = valueAt(left, label) - 1;
    taken[place] = 1;
  }
  return rows.filter((_, place) => taken[place] === 1);
}

/** @throws a usage UserError for a size that is neither a fraction nor a count */
function checkSubsample(size: number): void {
  if ((size > 0 && size < 1) || (Number.isSafeInteger(size) && size >= 1)) return;
  throw usageError('--subsample', String(size), 'a fraction above 0 and below 1, or a whole number of images', {
    value: null,
  });
}

/** Rows per class: proportional shares rounded by the largest remainders, at least 1 each. */
function sharesOf(counts: Int32Array, wanted: number): Int32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = Float64Array.from(counts, (count) => (count * wanted) / total);
  const shares = Int32Array.from(exact, (share) => (share === 0 ? 0 : Math.max(1, Math.floor(share))));
  const owed = (c: number): number => valueAt(exact, c) - valueAt(shares, c);
  let missing = wanted - shares.reduce((sum, share) => sum + share, 0);
  for (; missing > 0; missing--) change(1, (c) => shares[c] !== counts[c]);
  for (; missing < 0; missing++) change(-1, (c) => valueAt(shares, c) > 1);
  return shares;

  /** Gives a row to the class with the largest deficit, or takes one from the class with the smallest. */
  function change(by: 1 | -1, allowed: (c: number) => boolean): void {
    const classes = Array.from(shares.keys()).filter(allowed);
    const c = classes.reduce((best, other) => (by * owed(other) > by * owed(best) ? other : best));
    addAt(shares, c, by);
  }
}
