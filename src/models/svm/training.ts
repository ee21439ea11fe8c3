import { columnMeans } from '../../numerics/linear-loss.kernel.ts';
import type { Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { totalVariance } from './gram/gram.kernel.ts';
import { type Kernel, type KernelRows, kernelRows } from './gram/gram.ts';
import type { SvmParams } from './params.ts';

interface TrainingRows {
  /** Class numbers that have rows, ascending. */
  readonly present: Int32Array;
  /** First row of each present class, then the row count. */
  readonly classStart: Int32Array;
  readonly tableRows: Int32Array;
  readonly caps: Float64Array;
}

/**
 * Sorts the rows by class. Rows of weight 0 are left out, as LIBSVM does.
 *
 * @throws UserError if fewer than two classes are left
 */
export function sortByClass(table: Table, C: number): TrainingRows {
  const members: number[][] = table.classes.map(() => []);
  table.labels.forEach((label, row) => {
    if (table.sampleWeights === undefined || valueAt(table.sampleWeights, row) > 0) members[label]?.push(row);
  });
  const present = Int32Array.from(table.classes.keys()).filter((c) => (members[c]?.length ?? 0) > 0);
  if (present.length < 2) {
    throw new UserError({
      what: 'an SVM needs rows of two classes',
      where: 'training rows of the svm head',
      found: present.length === 0 ? 'no row' : `only ${table.classes[valueAt(present, 0)]}`,
      expected: 'at least two classes with a row of weight above 0',
    });
  }
  const classStart = new Int32Array(present.length + 1);
  present.forEach((c, i) => {
    classStart[i + 1] = valueAt(classStart, i) + valueAt(members, c).length;
  });
  const tableRows = Int32Array.from(Array.from(present).flatMap((c) => valueAt(members, c)));
  const caps = Float64Array.from(tableRows, (row) => C * (table.sampleWeights?.[row] ?? 1));
  return { present, classStart, tableRows, caps };
}

/** The rows minus their common mean, and that mean. */
export function centredRows(table: Table, tableRows: Int32Array): { rows: KernelRows; centre: Float64Array } {
  const { data, columnCount } = table.features;
  const centre = columnMeans(data, columnCount, undefined);
  return { rows: kernelRows(data, columnCount, tableRows, centre), centre };
}

/** The kernel with gamma as a number; `scale` and `auto` as in scikit-learn's SVC. */
export function resolveKernel(params: SvmParams, table: Table): Kernel {
  if (params.kernel === 'linear') return { name: 'linear' };
  const { data, columnCount } = table.features;
  if (typeof params.gamma === 'number') return { name: 'rbf', gamma: params.gamma };
  if (params.gamma === 'auto') return { name: 'rbf', gamma: 1 / columnCount };
  const variance = totalVariance(data);
  return { name: 'rbf', gamma: variance === 0 ? 1 : 1 / (columnCount * variance) };
}
