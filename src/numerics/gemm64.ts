import { runtime } from '../system/onnx-runtime.ts';
import { graphSession } from './graph-session.ts';

export interface Matrix64 {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly data: Float64Array;
}

type Gemm64Kind = 'plain' | 'transposeLeft' | 'transposeRight' | 'transposeBoth';

interface Gemm64Options {
  /** Computes `from - left · right`; `from` is not changed. */
  readonly from?: Matrix64;
  /** Array for the result, of its exact length; default: a new one. */
  readonly into?: Float64Array;
}

/** Float64 matrix product by ONNX Runtime, where float32 is too inexact. Blocks the event loop. */
export async function gemm64(
  kind: Gemm64Kind,
  left: Matrix64,
  right: Matrix64,
  threads: number,
  { from, into }: Gemm64Options = {},
): Promise<Matrix64> {
  const transA = kind === 'transposeLeft' || kind === 'transposeBoth' ? 1 : 0;
  const transB = kind === 'transposeRight' || kind === 'transposeBoth' ? 1 : 0;
  const rowCount = transA === 1 ? left.columnCount : left.rowCount;
  const columnCount = transB === 1 ? right.rowCount : right.columnCount;
  const data = into ?? new Float64Array(rowCount * columnCount);
  const name = `gemm64-${kind}${from === undefined ? '' : '-from'}`;
  const session = await graphSession(name, threads, (graph) => {
    const a = graph.input('left', 'float64', ['leftRows', 'leftColumns']);
    const b = graph.input('right', 'float64', ['rightRows', 'rightColumns']);
    const inputs = from === undefined ? [a, b] : [a, b, graph.input('from', 'float64', ['rows', 'columns'])];
    const alpha = { float: from === undefined ? 1 : -1 };
    graph.node('Gemm', inputs, { transA, transB, alpha }, { outputs: ['result'] });
    graph.output('result', 'float64', ['rows', 'columns']);
  });
  const feeds = {
    left: float64Tensor(left.data, [left.rowCount, left.columnCount]),
    right: float64Tensor(right.data, [right.rowCount, right.columnCount]),
    ...(from === undefined ? {} : { from: float64Tensor(from.data, [rowCount, columnCount]) }),
  };
  await session.run(feeds, { result: float64Tensor(data, [rowCount, columnCount]) });
  return { rowCount, columnCount, data };
}

/** A tensor over the given array, without a copy. */
export function float64Tensor(
  data: Float64Array,
  shape: readonly number[],
): InstanceType<ReturnType<typeof runtime>['Tensor']> {
  return new (runtime().Tensor)('float64', data, shape);
}
