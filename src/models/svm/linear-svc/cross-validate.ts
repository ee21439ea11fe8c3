import { largestPerRow } from '../../../metrics/metrics.kernel.ts';
import { takeInts } from '../../../numerics/arrays.kernel.ts';
import { addRowVector } from '../../../numerics/linear-loss.kernel.ts';
import { multiply, type ProductContext } from '../../../numerics/matmul.ts';
import type { Matrix } from '../../../numerics/matrix.ts';
import { takeRows } from '../../../rows/row-source.ts';
import type { Table } from '../../../rows/table.ts';
import type { Split } from '../../../split/split.ts';
import { valueAt } from '../../../system/at.ts';
import { throwIfInterrupted } from '../../../system/interrupt.ts';
import { checkSeveralClasses, checkTrainingTable } from '../../checks.ts';
import type { FitContext, FoldPredictions } from '../../model.ts';
import { type LinearSvcFit, linearSvcSolver } from './solver.ts';

/**
 * Cross-validates linear SVMs that differ in C, on one copy of the rows: a fold's test rows have weight 0. In each fold, one
 * starts at the solution for the next smaller C.
 */
export async function crossValidateLinearSvc(
  points: readonly { readonly C: number; readonly maxIterations: number }[],
  table: Table,
  folds: readonly Split[],
  { threads, signal }: FitContext,
): Promise<FoldPredictions> {
  checkTrainingTable(table, 'svm');
  const found: Int32Array[][] = points.map(() => []);
  const solve = linearSvcSolver(table, { threads, signal });
  const rising = [...points.entries()].sort(([, a], [, b]) => a.C - b.C);
  for (const [f, fold] of folds.entries()) {
    const rowWeights = weightsWithout(table, fold);
    const trained = { ...table, sampleWeights: rowWeights };
    const { present } = checkSeveralClasses(trained, 'svm');
    const test = takeRows(table.features, fold.test);
    let start: Float32Array | undefined;
    for (const [i, { C, maxIterations }] of rising) {
      throwIfInterrupted(signal);
      const fit = await solve({ C, maxIterations, rowWeights, start });
      start = fit.coefficients;
      const values = await decisionValues(test, fit, { threads, signal });
      const largest = largestPerRow(columnsOf(values, table.classes.length, present), present.length);
      valueAt(found, i)[f] = takeInts(present, largest);
    }
  }
  return found;
}

/** Weights of the rows, 0 where a fold does not train on them. */
export function weightsWithout(table: Table, fold: Split): Float64Array {
  const weights = new Float64Array(table.labels.length);
  for (const row of fold.train) weights[row] = table.sampleWeights?.[row] ?? 1;
  return weights;
}

/** Decision values of every classifier, [rows, classes]. */
export async function decisionValues(
  features: Matrix,
  { weights, bias }: LinearSvcFit,
  context: ProductContext,
): Promise<Float32Array> {
  const right = { rowCount: features.columnCount, columnCount: bias.length, data: Float32Array.from(weights) };
  const { data } = await multiply(features, right, context);
  addRowVector(data, Float32Array.from(bias));
  return data;
}

/** Some columns of [rows, columnCount]. */
function columnsOf(values: Float32Array, columnCount: number, columns: Int32Array): Float32Array {
  if (columns.length === columnCount) return values;
  const rows = values.length / columnCount;
  return Float32Array.from({ length: rows * columns.length }, (_, i) => {
    const row = Math.floor(i / columns.length);
    return valueAt(values, row * columnCount + valueAt(columns, i % columns.length));
  });
}
