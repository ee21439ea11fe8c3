import type { Product, Side } from './row-operators.ts';

/** Columns of a product that ONNX Runtime gives a thread are a multiple of this. */
const columnBlock = 16;
/** A thread with no more columns sums in another order. */
const shortColumns = 64;

/**
 * The most threads on which all products of a graph give the bits that one thread gives. ONNX Runtime's MLAS cuts the
 * longer side of a product among the threads and never the depth, but a piece of one row, or of at most 64 of more
 * columns, is summed in another order (`MlasGemmBatch`, `MlasSgemmOperation` in its sgemm.cpp).
 *
 * @param batches every count of images that the graph is run on
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
