import { availableParallelism } from 'node:os';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { keepNearest, unitRows } from '../../numerics/nearest.kernel.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';

/** The rows that each row is most like, by cosine. */
export interface Neighbours {
  readonly rowCount: number;
  /** Kept of each row. */
  readonly count: number;
  /** Row numbers, most similar first, -1 where there are fewer: [rowCount, count] */
  readonly nearest: Int32Array;
  /** Cosines, 1 for copies: [rowCount, count] */
  readonly similarity: Float32Array;
}

/** Rows whose similarities with all rows are held at once. */
const blockRows = 512;

/**
 * The `count` nearest other rows of every row by cosine.
 *
 * @param features is changed: its rows are brought to length 1
 */
export async function cosineNeighbours(features: Matrix, count: number, signal?: AbortSignal): Promise<Neighbours> {
  const { rowCount, columnCount, data } = features;
  unitRows(data, rowCount, columnCount);
  const nearest = new Int32Array(rowCount * count);
  const similarity = new Float32Array(rowCount * count);
  const threads = availableParallelism();
  // A row of its own is no neighbour: each is a fold by itself.
  const folds = Int32Array.from({ length: rowCount }, (_, row) => row);
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(signal);
    const rows = Math.min(blockRows, rowCount - first);
    const part = data.subarray(first * columnCount, (first + rows) * columnCount);
    const block = await multiplyTransposed({ rowCount: rows, columnCount, data: part }, features, { threads });
    const [from, to] = [first * count, (first + rows) * count];
    const own = folds.subarray(first, first + rows);
    keepNearest(block.data, rowCount, count, own, folds, nearest.subarray(from, to), similarity.subarray(from, to));
  }
  return { rowCount, count, nearest, similarity };
}
