import { availableParallelism } from 'node:os';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { seedStream } from '../../numerics/xoshiro.kernel.ts';
import { valueAt } from '../../system/at.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { type Point, principalComponents } from './components.kernel.ts';
import { centreColumns, nearestRows } from './lanczos.kernel.ts';
import { fuzzyUnion, runEpochs, startLayout } from './umap.kernel.ts';

export interface FeatureMap {
  /** First two principal components. */
  readonly pca: readonly Point[];
  /** Shares of the variance along them. */
  readonly explained: readonly [number, number];
  /** Absent if there are too few rows for neighbours. */
  readonly umap: readonly Point[] | undefined;
}

/** umap-learn's defaults for a set of this size. */
const neighbourCount = 15;
const epochCount = 500;

/**
 * Epochs per turn of the event loop: some milliseconds for 2,000 rows. Photos are read meanwhile in turns of the loop,
 * which must be short.
 */
const epochsAtOnce = 1;

/**
 * Two-dimensional embeddings of feature rows: principal components (scikit-learn's `PCA(2)`, with its signs) and UMAP
 * (McInnes, Healy and Melville 2018) with exact neighbours. Deterministic. Yields to other work.
 *
 * @param features changed in place: columns are centred
 * @throws InterruptedError if the signal is aborted
 */
export async function mapFeatures(features: Matrix, signal?: AbortSignal): Promise<FeatureMap> {
  const { rowCount: n, data, columnCount } = features;
  centreColumns(data, n, columnCount);
  const gram = (await multiplyTransposed(features, features, { threads: availableParallelism() })).data;
  const { points, explained } = principalComponents(gram, n);
  return { pca: points, explained, umap: n > neighbourCount ? await umap(gram, n, signal) : undefined };
}

async function umap(gram: Float32Array, n: number, signal: AbortSignal | undefined): Promise<Point[]> {
  const { indices, distances } = nearestRows(gram, n, neighbourCount);
  const random = seedStream(1, 0);
  const layout = startLayout(fuzzyUnion(indices, distances, n, neighbourCount), n, epochCount, random);
  for (let epoch = 0; epoch < epochCount; epoch += epochsAtOnce) {
    await pauseForInterrupt(signal);
    runEpochs(layout, epoch, epoch + epochsAtOnce, random);
  }
  const { points } = layout;
  return Array.from({ length: n }, (_, i) => ({ x: valueAt(points, 2 * i), y: valueAt(points, 2 * i + 1) }));
}
