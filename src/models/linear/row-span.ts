import { addAt, addTo } from '../../numerics/arrays.kernel.ts';
import {
  centredColumns,
  factorColumns,
  panelBelow,
  panelLeft,
  solveTransposedRows,
  subtractFromLower,
  takeFrom,
} from '../../numerics/cholesky.kernel.ts';
import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';

/** A rotation of centred rows into as many dimensions as there are rows, with the same inner products. */
export interface RowSpan {
  /** [rows, rows]: lower triangular. */
  readonly rows: Matrix;
  /** Converts weights for `rows` to weights for the centred features: [rows, columns] -> [dims, columns]. */
  expand(weights: Float64Array, columns: number): Promise<Float64Array>;
}

/**
 * Share of the mean squared norm added to each, so that dependent rows have a factor, too. It changes a score by this
 * times the row's squared norm, times C: far less than the rounding errors of float32 sums.
 */
const jitter = 1e-10;
/** Features per block, to bound their float64 copy. */
const columnBlock = 256;
/** Columns of the factor per block: few, since what is done outside the products grows with them. */
const factorBlock = 64;

/**
 * The span of few rows with many features. A linear model with an L2 penalty depends only on the inner products of the
 * rows (representer theorem), and the factor L of their Gram matrix L · Lᵀ has the same: the model is fitted on L, which is
 * smaller.
 *
 * @param means [dims]
 * @returns undefined if all rows are the same
 * @throws InterruptedError if the signal is aborted
 */
export async function spanOfRows(
  features: Matrix,
  means: Float64Array,
  signal: AbortSignal | undefined,
): Promise<RowSpan | undefined> {
  const { rowCount: size, columnCount: dims, data } = features;
  const block = (start: number): Matrix64 => {
    const end = Math.min(dims, start + columnBlock);
    return { rowCount: size, columnCount: end - start, data: centredColumns(data, dims, means, start, end) };
  };
  // One thread, so that sums do not depend on the machine; this is a small part of a fit.
  const factor = new Float64Array(size * size);
  for (let start = 0; start < dims; start += columnBlock) {
    await pauseForInterrupt(signal);
    const columns = block(start);
    addTo(factor, (await gemm64('transposeRight', columns, columns, 1)).data);
  }
  let trace = 0;
  for (let i = 0; i < size; i++) trace += valueAt(factor, i * size + i);
  if (!(trace > 0)) return undefined;
  for (let i = 0; i < size; i++) addAt(factor, i * size + i, (jitter * trace) / size);
  for (let start = 0; start < size; start += factorBlock) {
    await pauseForInterrupt(signal);
    const end = Math.min(size, start + factorBlock);
    factorColumns(factor, size, start, end);
    if (end === size) break;
    const panel = { rowCount: size - end, columnCount: end - start, data: panelBelow(factor, size, start, end) };
    subtractFromLower(factor, size, end, (await gemm64('transposeRight', panel, panel, 1)).data);
  }
  const rows = new Float32Array(size * size);
  for (let i = 0; i < size; i++) rows.set(factor.subarray(i * size, i * size + i + 1), i * size);
  return {
    rows: { rowCount: size, columnCount: size, data: rows },
    expand: async (weights, columns) => {
      const dual = { rowCount: size, columnCount: columns, data: weights.slice() };
      for (let end = size; end > 0; ) {
        const start = Math.floor((end - 1) / factorBlock) * factorBlock;
        solveTransposedRows(factor, size, dual.data, columns, start, end);
        if (start > 0) {
          const panel = { rowCount: end - start, columnCount: start, data: panelLeft(factor, size, start, end) };
          const solved = dual.data.subarray(start * columns, end * columns);
          const right = { rowCount: end - start, columnCount: columns, data: solved };
          takeFrom(dual.data, (await gemm64('transposeLeft', panel, right, 1)).data);
        }
        end = start;
      }
      const expanded = new Float64Array(dims * columns);
      for (let start = 0; start < dims; start += columnBlock) {
        expanded.set((await gemm64('transposeLeft', block(start), dual, 1)).data, start * columns);
      }
      return expanded;
    },
  };
}
