import { freemem } from 'node:os';
import { float32Tensor, graphSession, isThreadInvariant } from '../../../numerics/graph-session.ts';
import { multiplyTransposed, type ProductContext } from '../../../numerics/matmul.ts';
import { UserError } from '../../../system/errors.ts';
import { pauseForInterrupt } from '../../../system/interrupt.ts';
import { runtime } from '../../../system/onnx-runtime.ts';
import { centreRows, placeLower, smallProduct, smallRbf, squaredNorms } from './gram.kernel.ts';

export type Kernel = { readonly name: 'linear' } | { readonly name: 'rbf'; readonly gamma: number };

/**
 * Rows minus a common centre, as input of a kernel: distances and one-vs-one classifiers stay the same (alphas of both
 * classes have equal sums), and float32 has more digits for the differences.
 */
export interface KernelRows {
  readonly rowCount: number;
  readonly columnCount: number;
  /** [rowCount, columnCount] */
  readonly data: Float32Array;
  readonly squaredNorms: Float64Array;
}

/** Multiplications below which products are summed in float64 here, not by ONNX Runtime. */
const SMALL_PRODUCT = 4_000_000;
/** Multiplications per call of ONNX Runtime, which blocks the event loop: about a third of a second on two cores. */
const BLOCK_PRODUCT = 1e10;

/** Columns of a block of a Gram matrix, and half of its rows; the fastest measured. */
const BLOCK_COLUMNS = 512;
/** With fewer, products are slow and not invariant to the number of threads. */
const FEWEST_COLUMNS = 64;

/** Largest squared norm for which products, and sums of a few of them, fit in float32. */
const LONGEST = 2 ** 120;

/** The chosen rows minus the centre. @throws UserError if a row is too long for products in float32 */
export function kernelRows(
  data: Float32Array,
  columnCount: number,
  rows: Int32Array,
  centre: Float64Array,
): KernelRows {
  const out = new Float32Array(rows.length * columnCount);
  centreRows(data, columnCount, rows, centre, out);
  const norms = squaredNorms(out, rows.length, columnCount);
  const long = norms.findIndex((norm) => !(norm <= LONGEST));
  if (long >= 0) {
    throw new UserError({
      what: 'features are too large for the kernel of an SVM, which is float32',
      where: `row ${rows[long]}`,
      found: `a squared length of ${norms[long]?.toPrecision(3)}`,
      expected: `at most ${LONGEST.toPrecision(3)}`,
      fix: '--scale standard',
    });
  }
  return { rowCount: rows.length, columnCount, data: out, squaredNorms: norms };
}

/**
 * Kernel values of every row of `a` with every row of `b` in float32, bitwise equal on any number of threads; fastest if `a`
 * has more rows. [a.rowCount, b.rowCount]
 *
 * @param into optional array for the result, used for large products
 */
export async function kernelBlock(
  a: KernelRows,
  b: KernelRows,
  kernel: Kernel,
  context: ProductContext,
  into?: Float32Array,
): Promise<Float32Array> {
  const { columnCount } = a;
  if (a.rowCount * b.rowCount * columnCount < SMALL_PRODUCT) {
    return kernel.name === 'linear'
      ? smallProduct(a.data, a.rowCount, b.data, b.rowCount, columnCount)
      : smallRbf(a.data, a.rowCount, b.data, b.rowCount, columnCount, kernel.gamma);
  }
  if (kernel.name === 'linear') return (await multiplyTransposed(a, b, context, into)).data;
  return rbfBlock(a, b, kernel.gamma, context.threads, into);
}

/** exp(-gamma |a - b|²) of every row of a with every row of b in float32 by ONNX Runtime: [a rows, b rows]. */
async function rbfBlock(
  a: KernelRows,
  b: KernelRows,
  gamma: number,
  threads: number,
  out: Float32Array = new Float32Array(a.rowCount * b.rowCount),
): Promise<Float32Array> {
  const [rows, columns] = [a.rowCount, b.rowCount];
  const session = await graphSession('rbf-block', isThreadInvariant(rows, columns) ? threads : 1, (graph) => {
    const left = graph.input('a', 'float32', ['rows', 'inner']);
    const right = graph.input('b', 'float32', ['columns', 'inner']);
    const slope = graph.input('slope', 'float32', [1]);
    const leftTerm = graph.input('aTerm', 'float32', ['rows', 1]);
    const rightTerm = graph.input('bTerm', 'float32', [1, 'columns']);
    const scaled = graph.node('Mul', [graph.node('Gemm', [left, right], { transB: 1 }), slope]);
    const exponent = graph.node('Add', [graph.node('Add', [scaled, leftTerm]), rightTerm]);
    // Rounding may give a negative distance: a kernel value above one would break the curvature's sign.
    const zero = graph.constant('zero', Float32Array.of(0), []);
    graph.node('Exp', [graph.node('Min', [exponent, zero])], {}, { outputs: ['out'] });
    graph.output('out', 'float32', ['rows', 'columns']);
  });
  const scaled = (norms: Float64Array): Float32Array => Float32Array.from(norms, (norm) => -gamma * norm);
  await session.run(
    {
      a: float32Tensor(a.data, [rows, a.columnCount]),
      b: float32Tensor(b.data, [columns, a.columnCount]),
      slope: new (runtime().Tensor)('float32', Float32Array.of(2 * gamma)),
      aTerm: new (runtime().Tensor)('float32', scaled(a.squaredNorms), [rows, 1]),
      bTerm: new (runtime().Tensor)('float32', scaled(b.squaredNorms), [1, columns]),
    },
    { out: new (runtime().Tensor)('float32', out, [rows, columns]) },
  );
  return out;
}

/**
 * Kernel values of all rows with each other, in shared memory: [rowCount, rowCount], float32. Only the lower triangle is
 * filled; `symmetricValue` reads any value.
 *
 * @throws UserError if the matrix does not fit in memory
 * @throws InterruptedError if the signal is aborted
 */
export async function gramMatrix(rows: KernelRows, kernel: Kernel, context: ProductContext): Promise<Float32Array> {
  const { rowCount, columnCount } = rows;
  const gram = allocateGram(rowCount);
  const small = rowCount * rowCount * columnCount < SMALL_PRODUCT;
  // One array for all blocks: new ones would accumulate until garbage collection.
  const room = new Float32Array(small ? 0 : gramBlockValues(rowCount, columnCount));
  const width = small ? rowCount : blockColumns(columnCount);
  for (const [left, right] of pieces(0, rowCount, width)) {
    // From the diagonal down, so that a block has at least as many rows as columns.
    for (const [top, bottom] of pieces(left, rowCount, 2 * width)) {
      await pauseForInterrupt(context.signal);
      const into = room.subarray(0, (bottom - top) * (right - left));
      const block = await kernelBlock(slice(rows, top, bottom), slice(rows, left, right), kernel, context, into);
      placeLower(block, top, bottom, left, right, rowCount, gram);
    }
  }
  return gram;
}

/** `kernelBlock` in blocks of rows of `a`, which is faster for a large product. @param into [a.rowCount, b.rowCount] */
export async function kernelPanel(
  a: KernelRows,
  b: KernelRows,
  kernel: Kernel,
  context: ProductContext,
  into: Float32Array,
): Promise<void> {
  for (const [top, bottom] of pieces(0, a.rowCount, 2 * BLOCK_COLUMNS)) {
    const part = into.subarray(top * b.rowCount, bottom * b.rowCount);
    const block = await kernelBlock(slice(a, top, bottom), b, kernel, context, part);
    if (block !== part) part.set(block);
  }
}

/** Cuts a range into pieces of a length; the last also takes a remainder of less than half a piece. */
function pieces(start: number, end: number, length: number): (readonly [number, number])[] {
  const cut: [number, number][] = [];
  for (let from = start; from < end; ) {
    const to = end - from < 1.5 * length ? end : from + length;
    cut.push([from, to]);
    from = to;
  }
  return cut;
}

function blockColumns(columnCount: number): number {
  // A last piece in both directions has 1.5 x 1.5 times the values.
  const most = Math.floor(Math.sqrt(BLOCK_PRODUCT / columnCount / 4.5));
  return Math.min(BLOCK_COLUMNS, Math.max(most, FEWEST_COLUMNS));
}

/** Numbers in the largest block in which a Gram matrix is computed. */
export function gramBlockValues(rowCount: number, columnCount: number): number {
  const width = blockColumns(columnCount);
  return Math.min(rowCount, Math.ceil(1.5 * width)) * Math.min(rowCount, 3 * width);
}

/** Rows start to end - 1, without a copy. */
function slice(rows: KernelRows, start: number, end: number): KernelRows {
  return {
    rowCount: end - start,
    columnCount: rows.columnCount,
    data: rows.data.subarray(start * rows.columnCount, end * rows.columnCount),
    squaredNorms: rows.squaredNorms.subarray(start, end),
  };
}

/** @param limitBytes available memory; default: what is free now */
export function allocateGram(rowCount: number, limitBytes: number = freemem()): Float32Array {
  const bytes = rowCount * rowCount * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= limitBytes) {
    try {
      return new Float32Array(new SharedArrayBuffer(bytes));
    } catch {
      // Too long for one array, or refused by the system.
    }
  }
  throw new UserError({
    what: `the SVM's kernel matrix of ${rowCount} training rows does not fit memory`,
    found: `${gigabytes(bytes)} needed, ${gigabytes(limitBytes)} free`,
    expected: 'a matrix of training rows squared times 4 bytes that fits memory',
    fix: '--solver linearsvc or --model linear, which need no such matrix, or fewer training rows (--test-size)',
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
