import { float32Tensor, graphSession, maxThreads } from './graph-session.ts';
import type { Matrix } from './matrix.ts';

/**
 * Every row's product with one vector, in float32 by ONNX Runtime: [rows, depth] x [depth] -> [rows]. Memory is the limit
 * here, and two threads read more of it than one.
 *
 * A product of one column may not be cut among threads as `multiply` cuts others: a row at the end of a thread's piece sums
 * in another order (see `isThreadInvariant`). As many products as there can be threads are not cut: the bits are the same
 * whatever the number of threads.
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
  // A column for each of them, or ONNX Runtime makes one product of them all.
  const columns = new Float32Array(count * column.length);
  for (let product = 0; product < count; product++) columns.set(column, product * column.length);
  const feeds = {
    left: float32Tensor(rows, [count, each, column.length]),
    right: float32Tensor(columns, [count, column.length, 1]),
  };
  await session.run(feeds, { result: float32Tensor(into, [count, each, 1]) });
}
