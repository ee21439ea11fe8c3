import { availableParallelism } from 'node:os';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { keepNearestOfBoth, unitRows } from '../../numerics/nearest.kernel.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';

/** Nearest neighbours of each row by cosine similarity. */
export interface Neighbours {
  readonly rowCount: number;
  readonly count: number;
  /** Row numbers, most similar first, -1 if there are fewer: [rowCount, count] */
  readonly nearest: Int32Array;
  /** Cosine similarities, 1 for copies: [rowCount, count] */
  readonly similarity: Float32Array;
}

/** Rows per block of similarities with all later rows. */
export const comparedBlockRows = 512;

/**
 * The `count` nearest neighbours of every row by cosine similarity.
 *
 * @param features changed in place: rows are normalized to length 1
 */
export async function cosineNeighbours(features: Matrix, count: number, signal?: AbortSignal): Promise<Neighbours> {
  const { rowCount, columnCount, data } = features;
  unitRows(data, rowCount, columnCount);
  const nearest = new Int32Array(rowCount * count).fill(-1);
  const similarity = new Float32Array(rowCount * count).fill(Number.NEGATIVE_INFINITY);
  const threads = availableParallelism();
  for (let first = 0; first < rowCount; first += comparedBlockRows) {
    await pauseForInterrupt(signal);
    const rows = Math.min(comparedBlockRows, rowCount - first);
    const own = { rowCount: rows, columnCount, data: data.subarray(first * columnCount, (first + rows) * columnCount) };
    // Earlier rows have already been compared with these.
    const rest = { rowCount: rowCount - first, columnCount, data: data.subarray(first * columnCount) };
    const block = await multiplyTransposed(own, rest, { threads });
    keepNearestOfBoth(block.data, first, count, nearest, similarity);
  }
  for (let i = 0; i < nearest.length; i++) if (nearest[i] === -1) similarity[i] = 0;
  return { rowCount, count, nearest, similarity };
}
