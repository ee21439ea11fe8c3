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

/** Past this many Lanczos steps the two leading components no longer change in the digits that a page shows. */
const lanczosSteps = 100;

/** Share of a component that may be left beyond the steps: the error of its place is about as large. */
const settled = 1e-6;

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
  const { diagonal, beside, basis, stepCount } = lanczos(gram, n, start, Math.min(n, lanczosSteps), haveSettled);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i] as number;
  const { values, vectors, order } = eigen(diagonal.subarray(0, stepCount), beside);
  const component = (rank: number): { scores: Float64Array; share: number } => {
    const index = order[rank];
    const scores = new Float64Array(n);
    if (index === undefined || trace <= 0) return { scores, share: 0 };
    const value = Math.max(0, values[index] as number);
    let largest = 0;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let s = 0; s < stepCount; s++) {
        sum += (basis[s * n + i] as number) * vectors.get(s, index);
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

/** Eigenvalues and vectors of a tridiagonal matrix, and the order of the values, largest first. */
function eigen(
  diagonal: Float64Array,
  beside: Float64Array,
): { readonly values: readonly number[]; readonly vectors: MlMatrix; readonly order: readonly number[] } {
  const count = diagonal.length;
  const matrix = MlMatrix.zeros(count, count);
  for (let i = 0; i < count; i++) {
    matrix.set(i, i, diagonal[i] as number);
    if (i + 1 < count) {
      matrix.set(i, i + 1, beside[i] as number);
      matrix.set(i + 1, i, beside[i] as number);
    }
  }
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = [...values.keys()].sort((a, b) => (values[b] as number) - (values[a] as number));
  return { values, vectors, order };
}

/** Whether the two leading components are known: what is left of them beyond the steps so far is next to nothing. */
function haveSettled(diagonal: Float64Array, beside: Float64Array): boolean {
  const last = diagonal.length - 1;
  const { values, vectors, order } = eigen(diagonal, beside);
  return [0, 1].every((rank) => {
    const index = order[rank] ?? 0;
    return Math.abs((beside[last] as number) * vectors.get(last, index)) < settled * (values[index] as number);
  });
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
