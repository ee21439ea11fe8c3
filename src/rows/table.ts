import type { Matrix } from '../numerics/matrix.ts';
import { takeRows } from '../numerics/matrix.ts';
import { isStored, type Rows, type StoredRows, takeStoredRows } from './stored-rows.ts';

/** Rows with known classes: what a head trains on. */
export interface TableOf<F extends Rows> {
  /** [rows, dims] */
  readonly features: F;
  /** Class number per row: an index into `classes`. */
  readonly labels: Int32Array;
  /** Sorted by code point, as numpy.unique sorts str. */
  readonly classes: readonly string[];
  /** Per-row weight; absent means 1 each. */
  readonly sampleWeights?: Float64Array;
  /** Group number per row, without gaps: rows of one group stay together in every inner split. */
  readonly groups?: Int32Array;
  /**
   * With augmented views: the row of the plain image that each row shows, a plain one's own. An inner split goes by the
   * plain rows; the views of an image are trained on where it is, and tested on nowhere.
   */
  readonly plainRowOf?: Int32Array;
}

/** A table in memory. */
export interface Table extends TableOf<Matrix> {}

/** A table whose features stay on the disk. */
export interface StoredTable extends TableOf<StoredRows> {}

/** The chosen rows, in the order given, as a table of their own: plain ones all. */
export function takeTableRows<F extends Rows>(table: TableOf<F>, rows: Int32Array): TableOf<F> {
  const { sampleWeights, groups } = table;
  return {
    features: takeAnyRows(table.features, rows),
    labels: Int32Array.from(rows, (row) => table.labels[row] as number),
    classes: table.classes,
    ...(sampleWeights === undefined
      ? {}
      : { sampleWeights: Float64Array.from(rows, (row) => sampleWeights[row] as number) }),
    ...(groups === undefined ? {} : { groups: withoutGaps(Int32Array.from(rows, (row) => groups[row] as number)) }),
  };
}

/** The chosen rows: a copy of a matrix, a smaller list of rows on the disk. */
export function takeAnyRows<F extends Rows>(features: F, rows: ArrayLike<number>): F {
  const rowsOf: Rows = features;
  return (isStored(rowsOf) ? takeStoredRows(rowsOf, rows) : takeRows(rowsOf, rows)) as F;
}

/** The same groups, numbered 0, 1, 2 … in the order of their old numbers. */
export function withoutGaps(groups: Int32Array): Int32Array {
  const numbers = [...new Set(groups)].sort((a, b) => a - b);
  const numberOf = new Map(numbers.map((group, i) => [group, i]));
  return groups.map((group) => numberOf.get(group) as number);
}
