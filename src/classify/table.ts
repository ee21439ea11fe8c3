import type { Matrix } from '../features/matrix.ts';

/** Rows with known classes: what a head trains on. */
export interface Table {
  /** [rows, dims] */
  readonly features: Matrix;
  /** Class number per row: an index into `classes`. */
  readonly labels: Int32Array;
  /** Sorted by code point, as numpy.unique sorts str. */
  readonly classes: readonly string[];
  /** Per-row weight; absent means 1 each. */
  readonly sampleWeights?: Float64Array;
}
