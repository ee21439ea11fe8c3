import { EigenvalueDecomposition, Matrix as MlMatrix } from 'ml-matrix';
import { nextUint32, seedStream } from '../../numerics/xoshiro.kernel.ts';
import { lanczos } from './lanczos.kernel.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** With more Lanczos steps, the two leading components no longer change in the digits shown. */
const lanczosSteps = 100;

/** Tolerated relative residual of a component. */
const convergenceTolerance = 1e-6;

/** The two leading principal components from the Gram matrix of centred rows. */
export function principalComponents(gram: Float32Array, n: number): { points: Point[]; explained: [number, number] } {
  const random = seedStream(0, 0);
  const start = Float64Array.from({ length: n }, () => nextUint32(random) / 2 ** 32 - 0.5);
  const { diagonal, beside, basis, stepCount } = lanczos(gram, n, start, Math.min(n, lanczosSteps), haveConverged);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i];
  const { values, vectors, order } = eigen(diagonal.subarray(0, stepCount), beside);
  const component = (rank: number): { scores: Float64Array; share: number } => {
    const index = order[rank];
    const scores = new Float64Array(n);
    if (index === undefined || trace <= 0) return { scores, share: 0 };
    const value = Math.max(0, values[index]);
    let largest = 0;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let s = 0; s < stepCount; s++) {
        sum += basis[s * n + i] * vectors.get(s, index);
      }
      scores[i] = sum * Math.sqrt(value);
      if (Math.abs(scores[i]) > Math.abs(largest)) largest = scores[i];
    }
    // scikit-learn's sign: the score of largest magnitude is positive.
    if (largest < 0) for (let i = 0; i < n; i++) scores[i] = -scores[i];
    return { scores, share: value / trace };
  };
  const [first, second] = [component(0), component(1)];
  return {
    points: Array.from({ length: n }, (_, i) => ({ x: first.scores[i], y: second.scores[i] })),
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
    matrix.set(i, i, diagonal[i]);
    if (i + 1 < count) {
      matrix.set(i, i + 1, beside[i]);
      matrix.set(i + 1, i, beside[i]);
    }
  }
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]);
  return { values, vectors, order };
}

/** Whether the two leading components have converged. */
function haveConverged(diagonal: Float64Array, beside: Float64Array): boolean {
  const last = diagonal.length - 1;
  const { values, vectors, order } = eigen(diagonal, beside);
  return [0, 1].every((rank) => {
    const index = order[rank] ?? 0;
    return Math.abs(beside[last] * vectors.get(last, index)) < convergenceTolerance * values[index];
  });
}
