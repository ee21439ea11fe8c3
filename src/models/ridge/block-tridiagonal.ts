import { transpose } from '../../numerics/arrays.kernel.ts';
import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import {
  cutBlock,
  grownByUnit,
  mirrorLower,
  pairColumns,
  reflectorFactor,
  reflectPanel,
} from './block-tridiagonal.kernel.ts';

/** A = Q B Qᵀ, B symmetric and block tridiagonal. */
export interface BlockTridiagonalForm {
  /** [width, width] each, with width `blockSide` except for the last. */
  readonly diagonal: readonly Float64Array[];
  /** below[k] couples block k + 1 with block k: [width of k + 1, width of k]. */
  readonly below: readonly Float64Array[];
  /** Q, [size, size]. */
  readonly rotation: Matrix64;
}

/** With wider blocks, products are larger and faster, but solves with the blocks slower. */
export const blockSide = 32;

interface Panel {
  /** Vᵀ, [blockSide, rest]. */
  readonly reflectors: Matrix64;
  readonly factor: Matrix64;
}

/**
 * Reduces a symmetric matrix to block tridiagonal form, mostly by matrix products: the first stage of a reduction to
 * tridiagonal form (Bischof, Lang and Sun, "A framework for symmetric band reduction", 2000).
 *
 * @param matrix [size, size]; only the lower triangle is read; overwritten
 * @throws InterruptedError if the signal is aborted
 */
export async function blockTridiagonalize(
  matrix: Float64Array,
  size: number,
  context: { readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<BlockTridiagonalForm> {
  const { threads } = context;
  mirrorLower(matrix, size);
  const spare = new Float64Array(size * size);
  const diagonal: Float64Array[] = [];
  const below: Float64Array[] = [];
  const panels: Panel[] = [];
  let side = size;
  // `matrix` starts with the remaining block.
  while (side > blockSide) {
    await pauseForInterrupt(context.signal);
    const rest = side - blockSide;
    diagonal.push(cutBlock(matrix, side, 0, 0, blockSide, blockSide));
    const panel = cutBlock(matrix, side, blockSide, 0, rest, blockSide);
    const trailing = square(cutBlock(matrix, side, blockSide, blockSide, rest, rest, spare.subarray(0, rest * rest)));
    if (rest <= blockSide) {
      below.push(panel);
      matrix.set(trailing.data);
    } else {
      const columns = transpose(panel, rest, blockSide, new Float64Array(panel.length));
      const { upper, scale } = reflectPanel(columns, blockSide, rest);
      below.push(upper);
      const reflectors: Matrix64 = { rowCount: blockSide, columnCount: rest, data: columns };
      const dots = await gemm64('transposeRight', reflectors, reflectors, threads);
      const factor = square(reflectorFactor(dots.data, scale));
      panels.push({ reflectors, factor });
      // H = I - V F Vᵀ, and Hᵀ A H = A - V Wᵀ - W Vᵀ with X = A V F and W = X - V (Fᵀ Vᵀ X) / 2.
      const product = await gemm64('transposeRight', trailing, reflectors, threads);
      const x = await gemm64('plain', product, factor, threads);
      const middle = await gemm64('transposeLeft', factor, await gemm64('plain', reflectors, x, threads), threads);
      const half = { ...middle, data: middle.data.map((value) => value / 2) };
      const w = await gemm64('transposeLeft', reflectors, half, threads, { from: x });
      const { left, right } = pairColumns(columns, w.data, rest, blockSide);
      const shape = { rowCount: rest, columnCount: 2 * blockSide };
      const into = matrix.subarray(0, rest * rest);
      await gemm64('transposeRight', { ...shape, data: left }, { ...shape, data: right }, threads, {
        from: trailing,
        into,
      });
    }
    side = rest;
  }
  diagonal.push(matrix.slice(0, side * side));
  const rotation = await multiplyReflectors(panels, size, matrix, spare, context);
  return { diagonal, below, rotation };
}

/** The product of all reflectors, from the last to the first. */
async function multiplyReflectors(
  panels: readonly Panel[],
  size: number,
  first: Float64Array,
  second: Float64Array,
  context: { readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<Matrix64> {
  const { threads } = context;
  let side = 0;
  const grow = (rest: number, into: Float64Array): Matrix64 =>
    square(grownByUnit(first, side, rest - side, into.subarray(0, rest * rest)));
  for (const { reflectors, factor } of panels.toReversed()) {
    await pauseForInterrupt(context.signal);
    const rest = reflectors.columnCount;
    const grown = grow(rest, second);
    const projected = await gemm64('transposeBoth', grown, reflectors, threads);
    const scaled = await gemm64('transposeRight', projected, factor, threads);
    const into = first.subarray(0, rest * rest);
    await gemm64('transposeBoth', reflectors, scaled, threads, { from: grown, into });
    side = rest;
  }
  return grow(size, second);
}

function square(data: Float64Array): Matrix64 {
  const side = Math.sqrt(data.length);
  return { rowCount: side, columnCount: side, data };
}
