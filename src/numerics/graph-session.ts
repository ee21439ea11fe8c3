import type * as Ort from 'onnxruntime-node';
import { encodeModel } from '../formats/onnx/encode.ts';
import { defaultOpset, GraphBuilder } from '../formats/onnx/graph-builder.ts';
import { openOrtSession, runtime } from '../system/onnx-runtime.ts';

/** ONNX Runtime gains nothing on these products past this; a fixed bound keeps at least four rows per thread. */
export const maxThreads = 16;

const sessions = new Map<string, Promise<Ort.InferenceSession>>();

/**
 * A session over a small graph of float32 operations, made once per name and thread count and kept for the process.
 *
 * @param build adds inputs, nodes and outputs
 */
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

/** A session of its own over a graph of float32 operations: `release()` it. */
export function openGraph(
  graph: GraphBuilder,
  threads: number,
  more: Ort.InferenceSession.SessionOptions = {},
): Promise<Ort.InferenceSession> {
  return openOrtSession(encodeModel(graph.model({ opsets: { '': defaultOpset, 'com.microsoft': 1 } })), {
    intraOpNumThreads: Math.max(1, Math.min(threads, maxThreads)),
    // Its rewriting would undo the order of operands that makes a product independent of the thread count.
    graphOptimizationLevel: 'disabled',
    // Threads wait awake between the nodes of a run, many of which take less than waking up does, and sleep after it.
    extra: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' },
    ...more,
  });
}

/** A tensor on the given numbers, without a copy unless they are shared: ONNX Runtime refuses shared memory. */
export function float32Tensor(data: Float32Array, shape: readonly number[]): Ort.Tensor {
  return new (runtime().Tensor)('float32', data.buffer instanceof SharedArrayBuffer ? data.slice() : data, shape);
}

/**
 * Whether a product [rows, depth] x [depth, columns] gives the same bits on any number of threads.
 *
 * ONNX Runtime's MLAS cuts the longer side of the result among the threads and never the depth, but a thread whose
 * piece is one row or at most 64 columns sums in another order (`MlasGemmBatch`, `MlasSgemmOperation` in its sgemm.cpp;
 * seen in release 1.30). At least 64 rows, and no more columns than rows, keep every piece off these paths.
 */
export function isThreadInvariant(rows: number, columns: number): boolean {
  return rows >= 4 * maxThreads && columns >= 2 && columns <= rows;
}
