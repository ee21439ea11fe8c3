import { takeFloats, transpose } from '../../numerics/arrays.kernel.ts';
import { multiply, type ProductContext } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';
import { type Kernel, type KernelRows, kernelPanel, kernelRows } from './gram/gram.ts';
import { addSlotProduct, combineSlots } from './pair-values.kernel.ts';

/** Fitted one-vs-one classifiers of the classes with rows. */
export interface BinaryClassifiers {
  readonly kernel: Kernel;
  /** Subtracted from every row, [dims]. */
  readonly centre: Float64Array;
  /** Support vectors class by class, minus the centre. */
  readonly vectors: KernelRows;
  /** First support vector of each present class, then their count: [classes + 1]. */
  readonly vectorStart: Int32Array;
  /** y alpha by slot (see `PairsJob`), [vectors, classes - 1]. */
  readonly coefficients: Float64Array;
  /** Per pair (0,1), (0,2) … (1,2) …: subtracted from the classifier's kernel sum. */
  readonly rho: Float64Array;
}

/** Test rows per block, to bound the memory of kernel values and pair values. */
const BLOCK_ROWS = 256;
/** Multiplications of all classes' products below which ONNX Runtime's calls do not pay off. */
const SMALL_PRODUCT = 5_000_000;

/** Calls back with the decision values of each block of rows, [pairs, rowCount], overwritten by the next. */
export async function forEachBlock(
  classifiers: BinaryClassifiers,
  features: Matrix,
  context: ProductContext,
  each: (pairValues: Float32Array, firstRow: number, rowCount: number) => void,
): Promise<void> {
  const { columnCount } = features;
  const most = Math.min(BLOCK_ROWS, features.rowCount);
  // Allocated once: arrays of each block would accumulate until garbage collection.
  const room = new Float32Array(classifiers.vectors.rowCount * most);
  const values = pairValuer(classifiers.vectorStart.length - 1, most);
  for (let first = 0; first < features.rowCount; first += BLOCK_ROWS) {
    const rowCount = Math.min(BLOCK_ROWS, features.rowCount - first);
    const picks = Int32Array.from({ length: rowCount }, (_, i) => first + i);
    const rows = kernelRows(features.data, columnCount, picks, classifiers.centre);
    // Vectors first, so that those of a class are contiguous.
    const block = room.subarray(0, classifiers.vectors.rowCount * rowCount);
    await kernelPanel(classifiers.vectors, rows, classifiers.kernel, context, block);
    each(await values(classifiers, block, rowCount, context), first, rowCount);
  }
}

/** Decision values of every classifier, [pairs, rowCount], positive for the lower class. @param kernel [vectors, rowCount] */
type PairValues = (
  classifiers: Pick<BinaryClassifiers, 'vectorStart' | 'coefficients' | 'rho'>,
  kernel: Float32Array,
  rowCount: number,
  context: ProductContext,
) => Promise<Float32Array>;

/** Computes decision values, one product per class, for up to so many classes and rows; a result is overwritten by the next. */
export function pairValuer(mostClasses: number, mostRows: number): PairValues {
  const mostPairs = (mostClasses * (mostClasses - 1)) / 2;
  const slotRoom = new Float32Array(2 * mostPairs * mostRows);
  const pairRoom = new Float32Array(mostPairs * mostRows);
  return async ({ vectorStart, coefficients, rho }, kernel, rowCount, context) => {
    const classCount = vectorStart.length - 1;
    const slots = classCount - 1;
    const slotValues = slotRoom.subarray(0, classCount * slots * rowCount);
    const small = coefficients.length * rowCount < SMALL_PRODUCT;
    for (let c = 0; c < classCount; c++) {
      const start = valueAt(vectorStart, c);
      const end = valueAt(vectorStart, c + 1);
      const out = slotValues.subarray(c * slots * rowCount, (c + 1) * slots * rowCount);
      const part = kernel.subarray(start * rowCount, end * rowCount);
      const weights = coefficients.subarray(start * slots, end * slots);
      if (end === start) out.fill(0);
      else if (small) addSlotProduct(weights, part, end - start, slots, rowCount, out);
      else {
        const left = {
          rowCount: slots,
          columnCount: end - start,
          data: transpose(weights, end - start, slots, new Float32Array(weights.length)),
        };
        const right = { rowCount: end - start, columnCount: rowCount, data: part };
        // One thread: the products are too small for more.
        await multiply(left, right, { ...context, threads: 1 }, out);
      }
    }
    const values = pairRoom.subarray(0, rho.length * rowCount);
    combineSlots(slotValues, rho, classCount, rowCount, values);
    return values;
  };
}

/**
 * Drops training rows that no classifier uses. The others are moved within their array, which the caller may no longer use:
 * a copy of the features would double the memory.
 */
export function dropUnused(classifiers: BinaryClassifiers): { classifiers: BinaryClassifiers; kept: Int32Array } {
  const { vectors, vectorStart, coefficients } = classifiers;
  const slots = vectorStart.length - 2;
  const used = (row: number): boolean => {
    for (let slot = 0; slot < slots; slot++) if (coefficients[row * slots + slot] !== 0) return true;
    return false;
  };
  const kept = Int32Array.from({ length: vectors.rowCount }, (_, row) => row).filter(used);
  const { columnCount } = vectors;
  const left = new Float64Array(kept.length * slots);
  kept.forEach((row, i) => {
    vectors.data.copyWithin(i * columnCount, row * columnCount, (row + 1) * columnCount);
    left.set(coefficients.subarray(row * slots, (row + 1) * slots), i * slots);
  });
  return {
    kept,
    classifiers: {
      ...classifiers,
      vectors: {
        rowCount: kept.length,
        columnCount,
        data: vectors.data.subarray(0, kept.length * columnCount),
        squaredNorms: takeFloats(vectors.squaredNorms, kept),
      },
      vectorStart: vectorStart.map((start) => kept.filter((row) => row < start).length),
      coefficients: left,
    },
  };
}
