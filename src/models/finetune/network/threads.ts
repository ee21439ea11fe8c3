import type { Product, Side } from './row-operators.ts';

/** ONNX Runtime gives each thread a multiple of this many columns. */
const columnBlock = 16;
/** A thread with at most this many columns sums in another order. */
const shortColumns = 64;

/**
 * The largest number of threads for which all products of a graph equal those of one thread bitwise. ONNX Runtime's
 * MLAS divides the longer side of a product among the threads, never the depth, but a part of one row, or of at most 64
 * columns, is summed in another order (`MlasGemmBatch`, `MlasSgemmOperation` in its sgemm.cpp).
 *
 * @param batches every batch size that is used
 */
export function invariantThreads(products: readonly Product[], batches: readonly number[], threads: number): number {
  let most = threads;
  for (const batch of batches) {
    for (const product of products) {
      const [rows, columns] = [sideOf(product.rows, batch), sideOf(product.columns, batch)];
      while (most > 1 && !isInvariant(rows, columns, most)) most--;
    }
  }
  return most;
}

function isInvariant(rows: number, columns: number, threads: number): boolean {
  if (columns <= rows) return rows >= 2 * threads;
  const blocks = Math.ceil(columns / columnBlock);
  const pieces = Math.min(blocks, threads);
  return pieces === 1 || (Math.floor(blocks / pieces) * columnBlock > shortColumns && rows > 1);
}

function sideOf(side: Side, batch: number): number {
  return typeof side === 'number' ? side : side.perImage * batch;
}
