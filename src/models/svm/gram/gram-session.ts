import { float32Tensor, graphSession, isThreadInvariant } from '../../../numerics/graph-session.ts';
import { runtime } from '../../../system/onnx-runtime.ts';

/** Rows for a kernel product: [norms.length, columnCount], with the squared norm of each. */
interface RbfSide {
  readonly data: Float32Array;
  readonly squaredNorms: Float64Array;
}

/**
 * exp(-gamma |a - b|^2) for every row of a with every row of b in float32 by ONNX Runtime, [a rows, b rows]. Holds the
 * event loop while it runs; the same bits on any number of threads.
 */
export async function rbfBlock(
  a: RbfSide,
  b: RbfSide,
  columnCount: number,
  gamma: number,
  threads: number,
  into?: Float32Array,
): Promise<Float32Array> {
  const rows = a.squaredNorms.length;
  const columns = b.squaredNorms.length;
  const session = await graphSession('rbf-block', isThreadInvariant(rows, columns) ? threads : 1, (graph) => {
    const left = graph.input('a', 'float32', ['rows', 'inner']);
    const right = graph.input('b', 'float32', ['columns', 'inner']);
    const slope = graph.input('slope', 'float32', [1]);
    const leftTerm = graph.input('aTerm', 'float32', ['rows', 1]);
    const rightTerm = graph.input('bTerm', 'float32', [1, 'columns']);
    const scaled = graph.node('Mul', [graph.node('Gemm', [left, right], { transB: 1 }), slope]);
    const exponent = graph.node('Add', [graph.node('Add', [scaled, leftTerm]), rightTerm]);
    // Rounding may leave a distance just below zero: a kernel value above one would break the curvature's sign.
    const zero = graph.initializer('zero', { type: 'float32', shape: [], data: Float32Array.of(0) });
    graph.node('Exp', [graph.node('Min', [exponent, zero])], {}, { outputs: ['out'] });
    graph.output('out', 'float32', ['rows', 'columns']);
  });
  const out = into ?? new Float32Array(rows * columns);
  const scaled = (norms: Float64Array): Float32Array => Float32Array.from(norms, (norm) => -gamma * norm);
  await session.run(
    {
      a: float32Tensor(a.data, [rows, columnCount]),
      b: float32Tensor(b.data, [columns, columnCount]),
      slope: new (runtime().Tensor)('float32', Float32Array.of(2 * gamma), [1]),
      aTerm: new (runtime().Tensor)('float32', scaled(a.squaredNorms), [rows, 1]),
      bTerm: new (runtime().Tensor)('float32', scaled(b.squaredNorms), [1, columns]),
    },
    // An output that is handed in is written in place: without it the result is copied once more.
    { out: new (runtime().Tensor)('float32', out, [rows, columns]) },
  );
  return out;
}
