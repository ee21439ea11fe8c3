import { takeFloats, takeInts } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { lookUp, valueAt } from '../system/at.ts';
import { loadRows, type RowSource, takeRows } from './row-source.ts';

/** Labelled rows to train a head on, in memory or on disk according to `F`. */
export interface Table<F extends RowSource = Matrix> {
  /** [rows, dims] */
  readonly features: F;
  /** Class number per row: an index into `classes`. */
  readonly labels: Int32Array;
  /** Sorted by code point, as numpy.unique sorts str. */
  readonly classes: readonly string[];
  /** Per-row weight; absent means 1 each. */
  readonly sampleWeights?: Float64Array | undefined;
  /** Group number per row, without gaps: rows of one group stay together in every inner split. */
  readonly groups?: Int32Array | undefined;
  /**
   * With augmented views: the plain row of each row's image (itself for a plain row). Inner splits are drawn over the
   * plain rows; views follow their image into training and are never tested on.
   */
  readonly plainRowOf?: Int32Array | undefined;
}

/** The chosen rows, which must be plain, as a table in the order given. */
export function takeTableRows<F extends RowSource>(table: Table<F>, rows: Int32Array): Table<F> {
  return { ...takeLabels(table, rows), features: takeRows(table.features, rows) };
}

/** The same without their features. */
export function takeLabels(table: Omit<Table, 'features'>, rows: Int32Array): Omit<Table, 'features'> {
  const { sampleWeights, groups } = table;
  return {
    labels: takeInts(table.labels, rows),
    classes: table.classes,
    sampleWeights: sampleWeights && takeFloats(sampleWeights, rows),
    groups: groups && withoutGaps(takeInts(groups, rows)),
  };
}

/** The same table with its features in memory. @throws UserError if they cannot be read or do not fit */
export async function loadTable(table: Table<RowSource>): Promise<Table> {
  return { ...table, features: await loadRows(table.features) };
}

/** The same groups, renumbered 0, 1, 2 … in ascending order. */
export function withoutGaps(groups: Int32Array): Int32Array {
  const numbers = [...new Set(groups)].sort((a, b) => a - b);
  const numberOf = new Map(numbers.map((group, i) => [group, i]));
  return groups.map((group) => lookUp(numberOf, group));
}

/** At most `most` of the rows, evenly spaced. */
export function evenlySpaced(rows: Int32Array, most: number): Int32Array {
  if (rows.length <= most) return rows;
  return Int32Array.from({ length: most }, (_, i) => valueAt(rows, Math.floor((i * rows.length) / most)));
}
