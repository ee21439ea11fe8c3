import { float32Tensor, graphSession, maxThreads } from './graph-session.ts';
import type { Matrix } from './matrix.ts';

/**
 * Product of every row with a vector, in float32 by ONNX Runtime: [rows, depth] x [depth] -> [rows]. Limited by memory
 * bandwidth, of which two threads get more than one.
 *
 * A single-column product must not be divided among threads, because the last row of a thread's part is summed in
 * another order (see `isThreadInvariant`). Instead it is split into a fixed number of separate products, so that the
 * result does not depend on the number of threads.
 */
export async function rowsTimesColumn(
  { rowCount, columnCount: depth, data }: Matrix,
  column: Float32Array,
  threads: number,
): Promise<Float32Array> {
  if (column.length !== depth) throw new RangeError(`rows of ${depth} numbers times a column of ${column.length}`);
  const found = new Float32Array(rowCount);
  const each = Math.floor(rowCount / maxThreads);
  const together = each * maxThreads;
  await products(data.subarray(0, together * depth), maxThreads, each, column, threads, found.subarray(0, together));
  await products(data.subarray(together * depth), 1, rowCount - together, column, 1, found.subarray(together));
  return found;
}

async function products(
  rows: Float32Array,
  count: number,
  each: number,
  column: Float32Array,
  threads: number,
  into: Float32Array,
): Promise<void> {
  if (into.length === 0) return;
  const session = await graphSession('rows-times-column', threads, (graph) => {
    const left = graph.input('left', 'float32', ['products', 'rows', 'depth']);
    const right = graph.input('right', 'float32', ['products', 'depth', 'one column']);
    graph.node('MatMul', [left, right], {}, { outputs: ['result'] });
    graph.output('result', 'float32', ['products', 'rows', 'one column']);
  });
  // A column for each, or ONNX Runtime would merge them into one product.
  const columns = new Float32Array(count * column.length);
  for (let product = 0; product < count; product++) columns.set(column, product * column.length);
  const feeds = {
    left: float32Tensor(rows, [count, each, column.length]),
    right: float32Tensor(columns, [count, column.length, 1]),
  };
  await session.run(feeds, { result: float32Tensor(into, [count, each, 1]) });
}
