import { takeFloats, takeInts } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { lookUp, valueAt } from '../system/at.ts';
import { loadRows, type RowSource, takeRows } from './row-source.ts';

/** Rows with known classes: what a head trains on. Its features are in memory, or wherever `F` says. */
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
   * With augmented views: the row of the plain image that each row shows, a plain one's own. An inner split goes by the
   * plain rows; the views of an image are trained on where it is, and tested on nowhere.
   */
  readonly plainRowOf?: Int32Array | undefined;
}

/** The chosen rows, in the order given, as a table of their own: plain ones all. */
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

/** The same table with its features in memory. @throws UserError when they cannot be read or do not fit */
export async function loadTable(table: Table<RowSource>): Promise<Table> {
  return { ...table, features: await loadRows(table.features) };
}

/** The same groups, numbered 0, 1, 2 … in the order of their old numbers. */
export function withoutGaps(groups: Int32Array): Int32Array {
  const numbers = [...new Set(groups)].sort((a, b) => a - b);
  const numberOf = new Map(numbers.map((group, i) => [group, i]));
  return groups.map((group) => lookUp(numberOf, group));
}

/** At most so many of the rows, evenly spaced. */
export function evenPart(rows: Int32Array, most: number): Int32Array {
  if (rows.length <= most) return rows;
  return Int32Array.from({ length: most }, (_, i) => valueAt(rows, Math.floor((i * rows.length) / most)));
}
