import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { addRowVector } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import { presentClasses } from '../../rows/present-classes.ts';
import { takeRows } from '../../rows/row-source.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { checkTrainingTable } from '../checks.ts';
import type { FitContext } from '../model.ts';
import { checkSeveralClasses } from '../several-classes.ts';
import type { LbfgsParams } from './fit.ts';
import { logisticSolver } from './logistic.ts';

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
