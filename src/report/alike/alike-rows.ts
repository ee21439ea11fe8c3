import { availableParallelism } from 'node:os';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { keepNearest, unitRows } from './nearest.kernel.ts';

/** Two rows that lie atypically close together; `first` < `second`. */
export interface AlikeRows {
  readonly first: number;
  readonly second: number;
  /** Cosine of the two, 1 for copies. */
  readonly similarity: number;
}

/** Rows whose similarities with all rows are held at once. */
const blockRows = 512;

/**
 * Share of the usual distance between a row and its nearest below which two rows are nearly the same image: the default
 * of cleanlab's near-duplicate check.
 */
const closeShare = 0.13;

/**
 * Pairs of a row and its nearest by cosine whose distance is below 0.13 of the median distance to the nearest, closest
 * first: copies, bursts of one scene, crops of one photo. Relative to the rest, so that features whose rows are all
 * alike do not make every pair one.
 *
 * @param features is changed: its rows are brought to length 1
 */
export async function alikeRows(features: Matrix): Promise<AlikeRows[]> {
  const { rowCount, columnCount, data } = features;
  if (rowCount < 3) return [];
  unitRows(data, rowCount, columnCount);
  const nearest = new Int32Array(rowCount);
  const largest = new Float32Array(rowCount);
  const threads = availableParallelism();
  for (let first = 0; first < rowCount; first += blockRows) {
    const count = Math.min(blockRows, rowCount - first);
    const rows = data.subarray(first * columnCount, (first + count) * columnCount);
    const block = await multiplyTransposed({ rowCount: count, columnCount, data: rows }, features, { threads });
    keepNearest(block.data, first, count, rowCount, nearest, largest);
  }
  const usual = 1 - (Float32Array.from(largest).sort()[rowCount >> 1] as number);
  const pairs = new Map<string, AlikeRows>();
  for (let row = 0; row < rowCount; row++) {
    const similarity = largest[row] as number;
    // Copies are copies where half of the rows have one, too: their distance is 0 but for rounding.
    if (1 - similarity > Math.max(closeShare * usual, 1e-6)) continue;
    const other = nearest[row] as number;
    const [first, second] = row < other ? [row, other] : [other, row];
    pairs.set(`${first} ${second}`, { first, second, similarity: Math.min(1, similarity) });
  }
  return [...pairs.values()].sort((a, b) => b.similarity - a.similarity || a.first - b.first || a.second - b.second);
}
