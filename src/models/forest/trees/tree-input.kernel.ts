import { type BinScratch, binColumn, maxBins } from './bins.kernel.ts';

/** Training data of a forest's trees. The arrays may be in shared memory. */
export interface TreeInput {
  /** Column-major: `bins[column * rowCount + row]`. */
  readonly bins: Uint8Array;
  /** The same, row-major: `rowBins[row * dims + column]`, for small nodes. */
  readonly rowBins: Uint8Array;
  /** [columns * 256]: smallest and largest training value of each bin. */
  readonly lows: Float32Array;
  readonly highs: Float32Array;
  readonly rowCount: number;
  readonly dims: number;
  readonly labels: Int32Array;
  readonly classCount: number;
  /** Weight per row; null means 1 each. */
  readonly weights: Float64Array | null;
  readonly maxFeatures: number;
  /** Maximum depth; Infinity for no limit. */
  readonly maxDepth: number;
  /** Smallest number of distinct rows in a leaf (scikit-learn's min_samples_leaf). */
  readonly minLeaf: number;
  readonly seed: number;
}

/** Bins a block of columns into the input's shared arrays. @param stage column-major: [columnCount, rowCount] */
export function binColumns(
  input: TreeInput,
  stage: Float32Array,
  firstColumn: number,
  columnCount: number,
  scratch: BinScratch,
): void {
  const { bins, rowBins, lows, highs, rowCount, dims } = input;
  for (let i = 0; i < columnCount; i++) {
    const column = firstColumn + i;
    binColumn(
      stage.subarray(i * rowCount, (i + 1) * rowCount),
      scratch,
      bins.subarray(column * rowCount, (column + 1) * rowCount),
      lows.subarray(column * maxBins, (column + 1) * maxBins),
      highs.subarray(column * maxBins, (column + 1) * maxBins),
    );
  }
  for (let row = 0; row < rowCount; row++) {
    const at = row * dims + firstColumn;
    for (let i = 0; i < columnCount; i++) rowBins[at + i] = bins[(firstColumn + i) * rowCount + row];
  }
}
