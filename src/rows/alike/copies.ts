import { availableParallelism } from 'node:os';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { takeRows } from '../row-source.ts';
import { closeDistance } from './alike-rows.ts';
import { mergeClusters, numberClusters } from './clusters.kernel.ts';
import { comparedBlockRows, cosineNeighbours } from './neighbours.ts';

/** Clusters of exact and near copies among rows. */
export interface Copies {
  /**
   * Cluster number of each row, in the order of the clusters' first rows; a row without a copy is its own cluster.
   * [rows]
   */
  readonly clusterOf: Int32Array;
  readonly sizes: Int32Array;
  /** Cosine distance up to which two rows are copies; negative if there are too few rows to tell. */
  readonly distance: number;
}

/**
 * Single-linkage clusters of rows by cosine distance, with the threshold of `alikeRows`. Compares every pair of rows,
 * not only nearest neighbours.
 *
 * @param features changed in place: rows are normalized to length 1
 */
export async function findCopies(features: Matrix, signal?: AbortSignal): Promise<Copies> {
  const neighbours = await cosineNeighbours(features, 1, signal);
  const { rowCount, nearest, similarity } = neighbours;
  const distance = closeDistance(neighbours);
  const parent = Int32Array.from({ length: rowCount }, (_, row) => row);
  // A row with a copy is a copy of its nearest neighbour.
  const close = Int32Array.from(parent.keys()).filter((row) => 1 - valueAt(similarity, row) <= distance);
  const pairs = takeInts(nearest, close);
  mergeClusters(parent, close, pairs);
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
      mergeClusters(parent, new Int32Array(alike.length).fill(row), alike);
    }
  }
  return { ...numberClusters(parent), distance };
}
