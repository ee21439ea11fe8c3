import { availableParallelism } from 'node:os';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { takeRows } from '../row-source.ts';
import { closeDistance } from './alike-rows.ts';
import { joinClose, settle } from './clusters.kernel.ts';
import { comparedBlockRows, cosineNeighbours } from './neighbours.ts';

/** Which rows are copies of each other, exact or nearly. */
export interface Copies {
  /** Number of the cluster of each row, in the order of their first rows; a row without a copy is one by itself. [rows] */
  readonly clusterOf: Int32Array;
  /** Rows of each cluster. */
  readonly sizes: Int32Array;
  /** Cosine distance up to which two rows are copies; below 0 where there are too few rows to tell. */
  readonly distance: number;
}

/**
 * Clusters of rows that are linked by cosine distances as small as those of `alikeRows`: every pair of rows is looked at,
 * not each row's nearest alone, and a copy of a copy is in the same cluster.
 *
 * @param features is changed: its rows are brought to length 1
 */
export async function findCopies(features: Matrix, signal?: AbortSignal): Promise<Copies> {
  const neighbours = await cosineNeighbours(features, 1, signal);
  const { rowCount, nearest, similarity } = neighbours;
  const distance = closeDistance(neighbours);
  const parent = Int32Array.from({ length: rowCount }, (_, row) => row);
  // A row with any copy is a copy of its nearest.
  const close = Int32Array.from(parent.keys()).filter((row) => 1 - valueAt(similarity, row) <= distance);
  const pairs = takeInts(nearest, close);
  joinClose(parent, close, pairs);
  const part = takeRows(features, close);
  for (let first = 0; first < close.length; first += comparedBlockRows) {
    await pauseForInterrupt(signal);
    const rows = close.subarray(first, first + comparedBlockRows);
    const { columnCount } = part;
    const data = part.data.subarray(first * columnCount, (first + rows.length) * columnCount);
    const block = await multiplyTransposed({ rowCount: rows.length, columnCount, data }, part, {
      threads: availableParallelism(),
    });
    for (const [i, row] of rows.entries()) {
      const own = block.data.subarray(i * close.length, (i + 1) * close.length);
      const alike = close.filter((_, at) => 1 - valueAt(own, at) <= distance);
      joinClose(parent, new Int32Array(alike.length).fill(row), alike);
    }
  }
  return { ...settle(parent), distance };
}
