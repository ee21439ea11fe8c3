import { addAt, takeInts } from '../numerics/arrays.kernel.ts';
import { lookUp, valueAt, valuesAt } from '../system/at.ts';
import type { RowSource } from './row-source.ts';
import type { Table } from './table.ts';

/**
 * Classes and class numbers of names: numpy.unique(names, return_inverse=True). `compare` sorts names that are not
 * text.
 */
export function encodeLabels(
  names: readonly string[],
  compare: (a: string, b: string) => number = compareCodePoints,
): Pick<Table, 'classes' | 'labels'> {
  const classes = [...new Set(names)].sort(compare);
  const numberOf = new Map(classes.map((name, index) => [name, index]));
  return { classes, labels: Int32Array.from(names, (name) => lookUp(numberOf, name)) };
}

/** Rows per class, [classCount]. */
export function countClasses(labels: Int32Array, classCount: number): Int32Array {
  const counts = new Int32Array(classCount);
  for (const label of labels) addAt(counts, label, 1);
  return counts;
}

/**
 * Orders strings by Unicode code point: the order of their UTF-8 bytes, the same on every machine and in every locale.
 * JavaScript's `<` compares UTF-16 units, which puts characters above U+FFFF before U+E000.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above every unit that is none.
    const xIsHigh = x >= 0xd800 && x <= 0xdfff;
    const yIsHigh = y >= 0xd800 && y <= 0xdfff;
    if (xIsHigh !== yIsHigh) return xIsHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/**
 * scikit-learn's class_weight='balanced': weights rows / (classes x rows of the class), times the rows' own weights.
 * Classes without rows do not count.
 */
export function balancedWeights<F extends RowSource>(table: Table<F>): Table<F> {
  const counts = countClasses(table.labels, table.classes.length);
  const present = counts.filter((count) => count > 0).length;
  const weightOf = Float64Array.from(counts, (count) => table.labels.length / (present * count));
  return {
    ...table,
    sampleWeights: Float64Array.from(
      table.labels,
      (label, row) => valueAt(weightOf, label) * (table.sampleWeights?.[row] ?? 1),
    ),
  };
}

export interface PresentClasses<F extends RowSource> {
  readonly table: Table<F>;
  /** Class number in the original table of each present class. */
  readonly present: Int32Array;
}

/**
 * Leaves out classes without a row of positive weight, as in scikit-learn: the intercept of a softmax class without
 * rows has no optimum.
 */
export function presentClasses<F extends RowSource>(table: Table<F>): PresentClasses<F> {
  const seen = new Uint8Array(table.classes.length);
  table.labels.forEach((label, row) => {
    if ((table.sampleWeights?.[row] ?? 1) > 0) seen[label] = 1;
  });
  const present = Int32Array.from(seen.keys()).filter((c) => seen[c] === 1);
  if (present.length === table.classes.length) return { table, present };
  const numberAmongPresent = new Int32Array(table.classes.length);
  present.forEach((c, i) => {
    numberAmongPresent[c] = i;
  });
  return {
    // Rows of weight 0 may have a class that is left out; they get an arbitrary class.
    table: {
      ...table,
      labels: takeInts(numberAmongPresent, table.labels),
      classes: valuesAt(table.classes, present),
    },
    present,
  };
}
