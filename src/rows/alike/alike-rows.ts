import { valueAt } from '../../system/at.ts';
import type { Neighbours } from './neighbours.ts';

/** Two rows that lie atypically close together; `first` < `second`. */
export interface AlikeRows {
  readonly first: number;
  readonly second: number;
  /** Cosine of the two, 1 for copies. */
  readonly similarity: number;
}

/**
 * Share of the usual distance between a row and its nearest below which two rows are nearly the same image: the default
 * of cleanlab's near-duplicate check.
 */
const closeShare = 0.13;

/**
 * Pairs of a row and its nearest by cosine whose distance is below 0.13 of the median distance to the nearest, closest
 * first: copies, bursts of one scene, crops of one photo. Relative to the rest, so that features whose rows are all
 * alike do not make every pair one.
 */
export function alikeRows({ rowCount, count, nearest, similarity }: Neighbours): AlikeRows[] {
  const limit = closeDistance({ rowCount, count, nearest, similarity });
  const pairs = new Map<string, AlikeRows>();
  for (let row = 0; row < rowCount; row++) {
    const close = valueAt(similarity, row * count);
    if (!(1 - close <= limit)) continue;
    const other = valueAt(nearest, row * count);
    const [first, second] = row < other ? [row, other] : [other, row];
    pairs.set(`${first} ${second}`, { first, second, similarity: Math.min(1, close) });
  }
  return [...pairs.values()].sort((a, b) => b.similarity - a.similarity || a.first - b.first || a.second - b.second);
}

/** Cosine distance up to which two rows are nearly the same; below 0 where there are too few rows to tell. */
export function closeDistance({ rowCount, count, similarity }: Neighbours): number {
  if (rowCount < 3) return -1;
  const largest = Float32Array.from({ length: rowCount }, (_, row) => valueAt(similarity, row * count));
  const usual = 1 - valueAt(largest.sort(), rowCount >> 1);
  // Copies are copies where half of the rows have one, too: their distance is 0 but for rounding.
  return Math.max(closeShare * usual, 1e-6);
}
