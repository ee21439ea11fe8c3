import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { subtractFrom } from './ridge.kernel.ts';
import { reflectorFactor, startTridiagonalization, tridiagonalStep } from './tridiagonal.kernel.ts';

/** A = Q T Qᵀ, T tridiagonal. */
export interface TridiagonalForm {
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
  readonly rotation: Matrix64;
}

/** Reflectors that are applied as one pair of products. */
const reflectorBlock = 64;
/** Numbers that are touched between two looks at the signal: well under a second. */
const pauseEvery = 5e7;

/**
 * Tridiagonal form of a symmetric matrix, with the rotation.
 *
 * @param matrix [size, size]; used up
 * @throws InterruptedError when the signal is aborted
 */
export async function tridiagonalize(
  matrix: Float64Array,
  size: number,
  context: { readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<TridiagonalForm> {
  const state = startTridiagonalization(matrix, size);
  let touched = 0;
  for (let k = 0; k < size; k++) {
    tridiagonalStep(state, k);
    touched += (size - k) ** 2 / 2;
    if (touched < pauseEvery) continue;
    touched = 0;
    await pauseForInterrupt(context.signal);
  }

  const rotation = new Float64Array(size * size);
  for (let i = 0; i < size; i++) rotation[i * size + i] = 1;
  // From the last reflectors to the first, so that each block changes the rows below it alone.
  for (let first = Math.floor((size - 1) / reflectorBlock) * reflectorBlock; first >= 0; first -= reflectorBlock) {
    await pauseForInterrupt(context.signal);
    const count = Math.min(reflectorBlock, size - 1 - first);
    if (count <= 0) continue;
    const below = size - first - 1;
    const reflectors = new Float64Array(count * below);
    for (let i = 0; i < count; i++) {
      const row = (first + i) * size;
      reflectors.set(state.reflectors.subarray(row + first + 1, row + size), i * below);
    }
    const v: Matrix64 = { rowCount: count, columnCount: below, data: reflectors };
    const factor: Matrix64 = { rowCount: count, columnCount: count, data: reflectorFactor(state, first, count) };
    const rows = rotation.subarray((first + 1) * size);
    const projected = await gemm64('plain', v, { rowCount: below, columnCount: size, data: rows }, context.threads);
    const scaled = await gemm64('plain', factor, projected, context.threads);
    subtractFrom(rows, (await gemm64('transposeLeft', v, scaled, context.threads)).data);
  }
  const { diagonal, offDiagonal } = state;
  return { diagonal, offDiagonal, rotation: { rowCount: size, columnCount: size, data: rotation } };
}
