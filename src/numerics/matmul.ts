import { UserError } from '../system/errors.ts';
import { pauseForInterrupt } from '../system/interrupt.ts';
import { float32Of } from '../system/onnx-runtime.ts';
import { float32Tensor, graphSession, isThreadInvariant } from './graph-session.ts';
import type { Matrix } from './matrix.ts';

export interface ProductContext {
  /** Upper bound of threads; the result is bitwise independent of it. */
  readonly threads: number;
  /** Checked between blocks, several times a second. */
  readonly signal?: AbortSignal | undefined;
}

/** Multiply-adds per `run()`: about a fifth of a second on two cores, so that Ctrl-C is noticed. */
const blockMultiplyAdds = 1e10;

/**
 * left · right in float32 by ONNX Runtime: [m, k] x [k, n] -> [m, n].
 *
 * @param into where the result goes, m * n numbers, shared memory or not; a new array without it
 * @throws InterruptedError if `context.signal` is aborted
 */
export function multiply(left: Matrix, right: Matrix, context: ProductContext, into?: Float32Array): Promise<Matrix> {
  return product('plain', left, right, right.rowCount, right.columnCount, context, into);
}

/**
 * left · rightᵀ in float32 by ONNX Runtime: [m, k] x [n, k] -> [m, n]; with itself, the Gram matrix of its rows.
 *
 * @param into where the result goes, m * n numbers, shared memory or not; a new array without it
 * @throws InterruptedError if `context.signal` is aborted
 */
export function multiplyTransposed(
  left: Matrix,
  right: Matrix,
  context: ProductContext,
  into?: Float32Array,
): Promise<Matrix> {
  return product('transposed', left, right, right.columnCount, right.rowCount, context, into);
}

async function product(
  kind: 'plain' | 'transposed',
  left: Matrix,
  right: Matrix,
  depth: number,
  columnCount: number,
  context: ProductContext,
  into: Float32Array | undefined,
): Promise<Matrix> {
  const rowCount = left.rowCount;
  if (left.columnCount !== depth) {
    throw new UserError({
      what: 'matrices do not fit for a product',
      found: `[${rowCount}, ${left.columnCount}] and ${kind === 'plain' ? `[${depth}, ${columnCount}]` : `[${columnCount}, ${depth}]`}`,
      expected: `${depth} columns on the left`,
    });
  }
  const data = into ?? new Float32Array(rowCount * columnCount);
  if (data.length !== rowCount * columnCount) {
    throw new RangeError(`a product of [${rowCount}, ${columnCount}] does not fit into ${data.length} numbers`);
  }
  if (data.length === 0 || depth === 0) return { rowCount, columnCount, data: data.fill(0) };

  // The result is computed in blocks of rows, whose size depends only on the shapes, not on the machine.
  const blockRows = Math.max(64, Math.floor(blockMultiplyAdds / (depth * columnCount)));
  const rightTensor = float32Tensor(right.data, [right.rowCount, right.columnCount]);
  for (let start = 0; start < rowCount; start += blockRows) {
    await pauseForInterrupt(context.signal);
    const rows = Math.min(blockRows, rowCount - start);
    const swapped = columnCount > rows;
    const invariant = swapped ? isThreadInvariant(columnCount, rows) : isThreadInvariant(rows, columnCount);
    const session = await productSession(kind, swapped, invariant ? context.threads : 1);
    const leftTensor = float32Tensor(left.data.subarray(start * depth, (start + rows) * depth), [rows, depth]);
    const target = data.subarray(start * columnCount, (start + rows) * columnCount);
    const feeds = { left: leftTensor, right: rightTensor };
    if (target.buffer instanceof SharedArrayBuffer) {
      target.set(float32Of(await session.run(feeds), 'result'));
    } else {
      await session.run(feeds, { result: float32Tensor(target, [rows, columnCount]) });
    }
  }
  return { rowCount, columnCount, data };
}

/** `swapped` computes the transposed result, which has more rows than columns, and transposes it. */
function productSession(kind: 'plain' | 'transposed', swapped: boolean, threads: number) {
  return graphSession(`product-${kind}${swapped ? '-swapped' : ''}`, threads, (graph) => {
    const left = graph.input('left', 'float32', ['rows', 'depth']);
    const right = graph.input('right', 'float32', kind === 'plain' ? ['depth', 'columns'] : ['columns', 'depth']);
    const transposed = kind === 'transposed' ? 1 : 0;
    if (swapped) {
      const turned = graph.node('Gemm', [right, left], { transA: 1 - transposed, transB: 1 });
      graph.node('Transpose', [turned], { perm: [1, 0] }, { outputs: ['result'] });
    } else {
      graph.node('Gemm', [left, right], { transB: transposed }, { outputs: ['result'] });
    }
    graph.output('result', 'float32', ['rows', 'columns']);
  });
}
