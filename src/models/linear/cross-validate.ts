import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { presentClasses } from '../../rows/classes.ts';
import { type Table, takeLabels } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { checkSeveralClasses, checkTrainingTable } from '../checks.ts';
import type { FitContext, FoldPredictions } from '../model.ts';
import type { LbfgsParams } from './fit.ts';
import { logisticSolver } from './logistic.ts';

const noFeatures = { rowCount: 0, columnCount: 0, data: new Float32Array(0) };

/** Cross-validates logistic regressions that differ in C; in each fold, one starts at the solution for the next smaller C. */
export async function crossValidateLogistic(
  points: readonly LbfgsParams[],
  table: Table,
  folds: readonly Split[],
  context: FitContext,
): Promise<FoldPredictions> {
  checkTrainingTable(table, 'linear');
  const found: Int32Array[][] = points.map(() => []);
  const rising = [...points.entries()].sort(([, a], [, b]) => a.C - b.C);
  const { table: known, present } = presentClasses(table);
  const { threads, signal } = context;
  const solver = await logisticSolver(known, { threads, signal });
  for (const [f, fold] of folds.entries()) {
    checkSeveralClasses({ ...takeLabels(table, fold.train), features: noFeatures }, 'linear');
    const part = solver.fold(fold);
    let start: Float64Array | undefined;
    for (const [i, { C, tol, maxIterations }] of rising) {
      start = (await part.fit({ C, tol, maxIterations, start, inSubspaces: start === undefined })).x;
      const largest = largestPerRow(await part.testScores(start), known.classes.length);
      valueAt(found, i)[f] = takeInts(present, largest);
    }
  }
  return found;
}
