import { takeRows } from '../../../features/matrix.ts';
import { largestPerRow } from '../../metrics.kernel.ts';
import { presentClasses } from '../../present-classes.ts';
import { addRowVector } from '../../solvers/linear-loss.kernel.ts';
import { logisticSolver } from '../../solvers/logistic.ts';
import { multiply } from '../../solvers/matmul.ts';
import type { Split } from '../../split.ts';
import { type Table, takeTableRows } from '../../table.ts';
import { checkTrainingTable } from '../checks.ts';
import type { FitContext } from '../head.ts';
import type { LbfgsParams } from './lbfgs.ts';
import { checkSeveralClasses } from './several-classes.ts';

/**
 * Cross-validates logistic regressions that differ in C: within a fold each starts where the one with the next smaller
 * C ended, which is close by.
 */
export async function crossValidateLogistic(
  points: readonly LbfgsParams[],
  table: Table,
  folds: readonly Split[],
  context: FitContext,
): Promise<readonly (readonly Int32Array[])[]> {
  checkTrainingTable(table, 'linear');
  const found: Int32Array[][] = points.map(() => []);
  const rising = [...points.entries()].sort(([, a], [, b]) => a.C - b.C);
  for (const [f, fold] of folds.entries()) {
    const whole = takeTableRows(table, fold.train);
    checkSeveralClasses(whole, 'linear');
    const { table: train, present } = presentClasses(whole);
    const test = takeRows(table.features, fold.test);
    const classCount = train.classes.length;
    const { threads, signal } = context;
    const solver = await logisticSolver(train, { threads, signal });
    let start: Float64Array | undefined;
    for (const [i, { C, maxIterations }] of rising) {
      const fit = await solver.fit({ C, maxIterations, start });
      start = fit.x;
      const weights = { rowCount: test.columnCount, columnCount: classCount, data: Float32Array.from(fit.weights) };
      const scores = (await multiply(test, weights, { threads, signal })).data;
      addRowVector(scores, fit.bias);
      (found[i] as Int32Array[])[f] = largestPerRow(scores, classCount).map((c) => present[c] as number);
    }
  }
  return found;
}
