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

/** umap-learn's default, and its epochs for a set of this size. */
const neighbourCount = 15;
const epochCount = 500;

/**
 * Epochs that hold the event loop: some milliseconds for 2,000 rows. Photos are read meanwhile, each in several turns of
 * the loop: where a turn takes long, the other core has nothing to do.
 */
const epochsAtOnce = 1;

/**
 * Two views of feature rows in the plane: principal components (scikit-learn's `PCA(2)`, signs as there) and UMAP
 * (McInnes, Healy and Melville 2018) over exact neighbours. The same rows give the same map. Lets other work in between.
 *
 * @param features is changed: its columns are centred
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
