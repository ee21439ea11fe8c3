import { largestOf, takeInts } from '../numerics/arrays.kernel.ts';
import { countClasses } from '../rows/classes.ts';
import { type Table, withoutGaps } from '../rows/table.ts';
import { valueAt } from '../system/at.ts';
import { stratifiedGroupKFold, stratifiedKFold } from './folds.ts';
import type { Split } from './split.ts';

/** Folds do not depend on the features. */
type Labels = Omit<Table, 'features'>;

/**
 * Folds of training rows in scikit-learn's order, without shuffling. Rows of one group share a fold; views follow their
 * image to the training side and are never tested on.
 *
 * @throws UserError if every class has fewer than k rows
 */
export function innerFolds(table: Labels, k: number): Split[] {
  const { plainRowOf } = table;
  if (plainRowOf === undefined) return plainFolds(table.labels, table.groups, k);
  const plain = plainRows(table);
  const pick = (values: Int32Array): Int32Array => takeInts(values, plain);
  const groups = table.groups === undefined ? undefined : withoutGaps(pick(table.groups));
  // If every image is its own group, grouping only concerns its views.
  const alone = groups === undefined || new Set(groups).size === plain.length;
  return plainFolds(pick(table.labels), alone ? undefined : groups, k).map((fold) => {
    const trained = new Set(takeInts(plain, fold.train));
    return {
      train: Int32Array.from(plainRowOf.keys()).filter((row) => trained.has(valueAt(plainRowOf, row))),
      test: takeInts(plain, fold.test),
    };
  });
}

/** Up to k folds, at most the size of the largest class; none if no class has two rows. */
export function foldsForCalibration(table: Labels, k: number): Split[] {
  const labels = plainRows(table).map((row) => valueAt(table.labels, row));
  const largest = largestOf(countClasses(labels, table.classes.length));
  return largest < 2 ? [] : innerFolds(table, Math.min(k, largest)).filter(({ test }) => test.length > 0);
}

/** Held-out rows that suffice to fit one factor: with many rows, a fold or two are enough. */
const enoughRows = 1000;

/** The folds for a temperature calibration: as many as hold out enough rows. */
export function foldsToHoldOut(table: Labels, k: number): readonly Split[] {
  const all = foldsForCalibration(table, k);
  let held = 0;
  const enough = all.findIndex(({ test }) => {
    held += test.length;
    return held >= enoughRows;
  });
  return enough < 0 ? all : all.slice(0, enough + 1);
}

/** Most rows that `foldsToHoldOut` holds out, of `rowCount`. */
export function mostHeldOut(rowCount: number, k: number): number {
  return Math.min(rowCount, Math.max(2 * enoughRows, Math.ceil(rowCount / k)));
}

function plainRows({ plainRowOf, labels }: Labels): Int32Array {
  const rows = Int32Array.from(labels.keys());
  return plainRowOf === undefined ? rows : rows.filter((row) => plainRowOf[row] === row);
}

function plainFolds(labels: Int32Array, groups: Int32Array | undefined, k: number): Split[] {
  return groups === undefined ? stratifiedKFold(labels, k) : stratifiedGroupKFold(labels, groups, k);
}
