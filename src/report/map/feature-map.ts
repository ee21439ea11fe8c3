import { availableParallelism } from 'node:os';
import { EigenvalueDecomposition, Matrix as MlMatrix } from 'ml-matrix';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { nextUint32, seedStream } from '../../numerics/xoshiro.kernel.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { centreColumns, lanczos, nearestRows } from './lanczos.kernel.ts';
import { fuzzyUnion, runEpochs, startLayout } from './umap.kernel.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface FeatureMap {
  /** First two principal components. */
  readonly pca: readonly Point[];
  /** Shares of the variance along them. */
  readonly explained: readonly [number, number];
  /** Absent where there are too few rows for neighbours. */
  readonly umap: readonly Point[] | undefined;
}

/** umap-learn's default, and its epochs for a set of this size. */
const neighbourCount = 15;
const epochCount = 500;

/** Epochs that hold the event loop: some hundredths of a second for 2,000 rows. */
const epochsAtOnce = 10;

/** Past this many Lanczos steps the two leading components no longer change in the digits that a page shows. */
const lanczosSteps = 100;

/**
 * Two views of feature rows in the plane: principal components (scikit-learn's `PCA(2)`, signs as there) and UMAP
 * (McInnes, Healy and Melville 2018) over exact neighbours. The same rows give the same map. Lets other work in between.
 *
 * @param features is changed: its columns are centred
 * @throws InterruptedError when the signal is aborted
 */
export async function mapFeatures(features: Matrix, signal?: AbortSignal): Promise<FeatureMap> {
  const { rowCount: n, data, columnCount } = features;
  centreColumns(data, n, columnCount);
  const gram = (await multiplyTransposed(features, features, { threads: availableParallelism() })).data;
  const { points, explained } = principalComponents(gram, n);
  return { pca: points, explained, umap: n > neighbourCount ? await umap(gram, n, signal) : undefined };
}

/** The two leading components from the Gram matrix of centred rows. */
function principalComponents(gram: Float32Array, n: number): { points: Point[]; explained: [number, number] } {
  const random = seedStream(0, 0);
  const start = Float64Array.from({ length: n }, () => nextUint32(random) / 2 ** 32 - 0.5);
  const { diagonal, beside, basis, stepCount } = lanczos(gram, n, start, Math.min(n, lanczosSteps));
  const small = MlMatrix.zeros(stepCount, stepCount);
  for (let i = 0; i < stepCount; i++) {
    small.set(i, i, diagonal[i] as number);
    if (i + 1 < stepCount) {
      small.set(i, i + 1, beside[i] as number);
      small.set(i + 1, i, beside[i] as number);
    }
  }
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i] as number;
  const eigen = new EigenvalueDecomposition(small, { assumeSymmetric: true });
  const order = [...eigen.realEigenvalues.keys()].sort(
    (a, b) => (eigen.realEigenvalues[b] as number) - (eigen.realEigenvalues[a] as number),
  );
  const component = (rank: number): { scores: Float64Array; share: number } => {
    const index = order[rank];
    const scores = new Float64Array(n);
    if (index === undefined || trace <= 0) return { scores, share: 0 };
    const value = Math.max(0, eigen.realEigenvalues[index] as number);
    let largest = 0;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let s = 0; s < stepCount; s++) {
        sum += (basis[s * n + i] as number) * eigen.eigenvectorMatrix.get(s, index);
      }
      scores[i] = sum * Math.sqrt(value);
      if (Math.abs(scores[i] as number) > Math.abs(largest)) largest = scores[i] as number;
    }
    // scikit-learn's sign: the score that is largest in size is positive.
    if (largest < 0) for (let i = 0; i < n; i++) scores[i] = -(scores[i] as number);
    return { scores, share: value / trace };
  };
  const [first, second] = [component(0), component(1)];
  return {
    points: Array.from({ length: n }, (_, i) => ({ x: first.scores[i] as number, y: second.scores[i] as number })),
    explained: [first.share, second.share],
  };
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
  return Array.from({ length: n }, (_, i) => ({ x: points[2 * i] as number, y: points[2 * i + 1] as number }));
}
