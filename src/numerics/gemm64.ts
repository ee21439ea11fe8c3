import { runtime } from '../system/onnx-runtime.ts';
import { graphSession } from './graph-session.ts';

/** A row-major float64 matrix. */
export interface Matrix64 {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly data: Float64Array;
}

/** `transposeLeft` and `transposeRight` name what is turned before the product. */
export type Gemm64Kind = 'plain' | 'transposeLeft' | 'transposeRight';

/** Float64 product through ONNX Runtime, for closed forms that float32 would spoil. Holds the event loop while it runs. */
export async function gemm64(kind: Gemm64Kind, left: Matrix64, right: Matrix64, threads: number): Promise<Matrix64> {
  const rowCount = kind === 'transposeLeft' ? left.columnCount : left.rowCount;
  const columnCount = kind === 'transposeRight' ? right.rowCount : right.columnCount;
  const data = new Float64Array(rowCount * columnCount);
  const session = await graphSession(`gemm64-${kind}`, threads, (graph) => {
    const a = graph.input('left', 'float64', ['leftRows', 'leftColumns']);
    const b = graph.input('right', 'float64', ['rightRows', 'rightColumns']);
    const attributes = { transA: kind === 'transposeLeft' ? 1 : 0, transB: kind === 'transposeRight' ? 1 : 0 };
    graph.node('Gemm', [a, b], attributes, { outputs: ['result'] });
    graph.output('result', 'float64', ['rows', 'columns']);
  });
  const tensor = ({
    rowCount: rows,
    columnCount: columns,
    data: numbers,
  }: Matrix64): InstanceType<ReturnType<typeof runtime>['Tensor']> =>
    new (runtime().Tensor)('float64', numbers, [rows, columns]);
  const feeds = { left: tensor(left), right: tensor(right) };
  await session.run(feeds, { result: new (runtime().Tensor)('float64', data, [rowCount, columnCount]) });
  return { rowCount, columnCount, data };
}
