import type * as Ort from 'onnxruntime-node';
import { encodeModel } from '../formats/onnx/encode.ts';
import { defaultOpset, GraphBuilder } from '../formats/onnx/graph-builder.ts';
import { openOrtSession, runtime } from '../system/onnx-runtime.ts';

/** More threads do not speed up these products; the fixed bound keeps at least four rows per thread. */
export const maxThreads = 16;

const sessions = new Map<string, Promise<Ort.InferenceSession>>();

/** A session for a small graph of float32 operations, created once per name and thread count. */
export function graphSession(
  name: string,
  threads: number,
  build: (graph: GraphBuilder) => void,
): Promise<Ort.InferenceSession> {
  const intraOpNumThreads = Math.max(1, Math.min(threads, maxThreads));
  const key = `${name}/${intraOpNumThreads}`;
  const known = sessions.get(key);
  if (known !== undefined) return known;
  const graph = new GraphBuilder(name);
  build(graph);
  const opened = openGraph(graph, intraOpNumThreads);
  sessions.set(key, opened);
  return opened;
}

/** A new session for a graph of float32 operations: `release()` it. */
export function openGraph(
  graph: GraphBuilder,
  threads: number,
  more: Ort.InferenceSession.SessionOptions = {},
): Promise<Ort.InferenceSession> {
  return openOrtSession(encodeModel(graph.model({ opsets: { '': defaultOpset, 'com.microsoft': 1 } })), {
    intraOpNumThreads: Math.max(1, Math.min(threads, maxThreads)),
    // Optimizations would reorder operands, and products would depend on the number of threads.
    graphOptimizationLevel: 'disabled',
    // Threads spin between the nodes of a run, which are often shorter than a wake-up, and sleep after it.
    extra: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' },
    ...more,
  });
}

/** A tensor over the given array; copied only if it is shared memory, which ONNX Runtime refuses. */
export function float32Tensor(data: Float32Array, shape: readonly number[]): Ort.Tensor {
  return new (runtime().Tensor)('float32', data.buffer instanceof SharedArrayBuffer ? data.slice() : data, shape);
}

/**
 * Whether a product [rows, depth] x [depth, columns] is bitwise equal for any number of threads.
 *
 * ONNX Runtime's MLAS divides the longer side of the result among the threads, never the depth; but a thread with one
 * row or at most 64 columns sums in another order (`MlasGemmBatch`, `MlasSgemmOperation` in its sgemm.cpp, release
 * 1.30). At least 64 rows and no more columns than rows avoid these cases.
 */
export function isThreadInvariant(rows: number, columns: number): boolean {
  return rows >= 4 * maxThreads && columns >= 2 && columns <= rows;
}
