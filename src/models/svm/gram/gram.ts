import { freemem } from 'node:os';
import { multiplyTransposed, type ProductContext } from '../../../numerics/matmul.ts';
import { UserError } from '../../../system/errors.ts';
import { pauseForInterrupt } from '../../../system/interrupt.ts';
import { centreRows, placeLower, smallProduct, smallRbf, squaredNorms } from './gram.kernel.ts';
import { rbfBlock } from './gram-session.ts';

export type Kernel = { readonly name: 'linear' } | { readonly name: 'rbf'; readonly gamma: number };

/**
 * Rows as the kernels take them: minus one common centre. Distances do not change by it, one-vs-one classifiers do not
 * either (their alphas sum to zero over the two classes), and float32 keeps its digits for what tells rows apart.
 */
export interface KernelRows {
  readonly rowCount: number;
  readonly columnCount: number;
  /** [rowCount, columnCount] */
  readonly data: Float32Array;
  readonly squaredNorms: Float64Array;
}

/** Products of fewer multiplications than this are summed in float64 right here; larger ones go to ONNX Runtime. */
const SMALL_PRODUCT = 4_000_000;
/** Multiplications per call of ONNX Runtime, which holds the event loop: about a third of a second on two cores. */
const BLOCK_PRODUCT = 1e10;

/** Columns of a block of a Gram matrix; twice as many rows. Measured quickest, with little above the diagonal. */
const BLOCK_COLUMNS = 512;
/** Fewer would cost the product its speed, and `isThreadInvariant` the threads. */
const FEWEST_COLUMNS = 64;

/** Squared length of a row whose products, and sums of a few of them, are still float32 numbers. */
const LONGEST = 2 ** 120;

/**
 * Picks rows and takes the centre off them.
 *
 * @throws UserError if a row's products would be past float32
 */
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
 * Kernel values of every row of `a` with every row of `b`, float32: [a.rowCount, b.rowCount]. The same bits on any
 * number of threads; quickest where `a` has more rows than `b`.
 *
 * @param into room for the result, used where the product is a large one
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
  return rbfBlock(a, b, columnCount, kernel.gamma, context.threads, into);
}

/**
 * The symmetric matrix of kernel values of all rows with each other, on shared memory: [rowCount, rowCount], float32.
 * Only the values on and below the diagonal are there; `symmetricValue` reads any.
 *
 * @throws UserError if the matrix does not fit memory
 * @throws InterruptedError if the signal aborts, between blocks
 */
export async function gramMatrix(rows: KernelRows, kernel: Kernel, context: ProductContext): Promise<Float32Array> {
  const { rowCount, columnCount } = rows;
  const gram = allocateGram(rowCount);
  const small = rowCount * rowCount * columnCount < SMALL_PRODUCT;
  // One array for all blocks: a new one for each would pile up until the collector runs.
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

/**
 * `kernelBlock` for many rows of `a`, some at a time, which is quicker for a large product.
 *
 * @param into [a.rowCount, b.rowCount], out
 */
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

/** Cuts a range into pieces of a length; the last takes what is left when that is not half of one. */
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

/** @param limitBytes what the matrix may take; default: the memory that is free now */
export function allocateGram(rowCount: number, limitBytes: number = freemem()): Float32Array {
  const bytes = rowCount * rowCount * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= limitBytes) {
    try {
      return new Float32Array(new SharedArrayBuffer(bytes));
    } catch {
      // Too long for one array, or refused by the system: the message below says what to do either way.
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
