import type { RowSource } from './row-source.ts';
import type { Table } from './table.ts';

/** A table with the classes that have rows, and where they stand among all. */
export interface PresentClasses<F extends RowSource> {
  /** The same features; labels count the present classes. */
  readonly table: Table<F>;
  /** Class number in the whole table of each present class. */
  readonly present: Int32Array;
}

/**
 * Leaves out classes without a row of positive weight: scikit-learn does not know them, and the intercept of a softmax
 * class that is never right has no optimum.
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
    // Rows of weight 0 may have a class that is left out; whatever class they are given counts for nothing.
    table: {
      ...table,
      labels: table.labels.map((label) => numberAmongPresent[label] as number),
      classes: Array.from(present, (c) => table.classes[c] as string),
    },
    present,
  };
}
