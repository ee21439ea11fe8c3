import { countClasses } from './labels.ts';
import type { RowSource } from './row-source.ts';
import type { Table } from './table.ts';

/**
 * scikit-learn's class_weight='balanced': every class weighs the same in sum, rows / (classes x rows of the class),
 * times the rows' own weights. Classes without a row do not count.
 */
export function balancedWeights<F extends RowSource>(table: Table<F>): Table<F> {
  const counts = countClasses(table.labels, table.classes.length);
  const present = counts.filter((count) => count > 0).length;
  const weightOf = Float64Array.from(counts, (count) => table.labels.length / (present * count));
  return {
    ...table,
    sampleWeights: Float64Array.from(
      table.labels,
      (label, row) => (weightOf[label] as number) * (table.sampleWeights?.[row] ?? 1),
    ),
  };
}
