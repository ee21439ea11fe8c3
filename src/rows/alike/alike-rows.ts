import { valueAt } from '../../system/at.ts';
import type { Neighbours } from './neighbours.ts';

/** Two atypically similar rows; `first` < `second`. */
export interface AlikeRows {
  readonly first: number;
  readonly second: number;
  /** Cosine similarity, 1 for copies. */
  readonly similarity: number;
}

/**
 * Two rows are near-duplicates if their distance is below this fraction of the median distance to the nearest row;
 * cleanlab's default.
 */
const closeShare = 0.13;

/**
 * Pairs of rows and their nearest neighbours whose cosine distance is below 0.13 of the median distance to the nearest
 * neighbour, closest first: copies, bursts of one scene, crops of one photo. The threshold is relative, for features
 * whose rows are all similar.
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

/** Cosine distance up to which two rows are near-duplicates; negative if there are too few rows to tell. */
export function closeDistance({ rowCount, count, similarity }: Neighbours): number {
  if (rowCount < 3) return -1;
  const largest = Float32Array.from({ length: rowCount }, (_, row) => valueAt(similarity, row * count));
  const usual = 1 - valueAt(largest.sort(), rowCount >> 1);
  // If half of the rows have a copy, the median is 0 up to rounding; copies must still be found.
  return Math.max(closeShare * usual, 1e-6);
}
