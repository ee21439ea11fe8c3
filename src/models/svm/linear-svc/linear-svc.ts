import { takeInts } from '../../../numerics/arrays.kernel.ts';
import { takeRows } from '../../../rows/row-source.ts';
import type { Table } from '../../../rows/table.ts';
import { foldsToHoldOut, mostHeldOut } from '../../../split/inner-folds.ts';
import type { Split } from '../../../split/split.ts';
import { cautiousFactor } from '../../calibration/cautious-factor.ts';
import { temperatureOf } from '../../calibration/temperature.ts';
import { checkSeveralClasses, checkTrainingTable } from '../../checks.ts';
import { inMemory } from '../../fitted-head.ts';
import { lighter, scoresNeed, softmaxHead, withAbsentClasses } from '../../linear-head.ts';
import type { FitContext, Head, Temperature } from '../../model.ts';
import type { SvmParams } from '../params.ts';
import { decisionValues, weightsWithout } from './cross-validate.ts';
import { type LinearSvcFit, type LinearSvcSolver, linearSvcObjective, linearSvcSolver } from './solver.ts';

type LinearSvcParams = Pick<SvmParams, 'C' | 'maxIterations' | 'calibrate'>;

const calibrationFolds = 5;
/** Rows that suffice for the cautious slope: each has a score for most classes. */
const cautiousRows = 150;
/** The likeliest slope for test photos of 42 breeds after one training photo of each (C = 1). */
const largestCautiousSlope = 8;
/** It changes the temperature by at most 0.5 % (reference photos, C from 0.001 to 10). */
const calibrationTolerance = 0.1;

/**
 * One linear classifier per class against all others: scikit-learn's `LinearSVC(C)`. Probabilities are a softmax of the
 * decision values, with a slope fitted on held-out ones.
 */
export function linearSvc({ C, maxIterations, calibrate: asked }: LinearSvcParams): Head {
  const plain = asked === 'none';
  const params: LinearSvcParams = { C, maxIterations, ...(plain ? { calibrate: 'none' } : {}) };
  return {
    model: 'svm',
    solver: 'linearsvc',
    params,
    needs: (size) => [
      { what: 'rows for all threads', bytes: 4 * size.trainRows * size.dims },
      { what: 'dual coefficients', bytes: (4 * 4 + 1) * size.trainRows * size.classes },
      { what: 'weights', bytes: 8 * 3 * size.dims * size.classes },
      scoresNeed(size),
      { what: 'cross-validated scores', bytes: 8 * mostHeldOut(size.trainRows, calibrationFolds) * size.classes },
    ],
    lighter,
    ...inMemory(async (train, context) => {
      checkTrainingTable(train, 'svm');
      const { table, present } = checkSeveralClasses(train, 'svm');
      const dims = train.features.columnCount;
      const { threads, signal } = context;
      const onProgress = (done: number): void => context.onProgress?.({ stage: 'fit', done, total: present.length });
      const solve = linearSvcSolver(table, { threads, signal });
      const fit = await solve({ ...params, onProgress });
      const objective = await linearSvcObjective(table, fit, params.C, { threads, signal });
      const found = plain ? { inverse: 1, rows: 0 } : await calibrate(table, solve, fit, params, context);
      const { rows } = found;
      const inverse = rows > 0 || plain ? found.inverse : await cautiousSlope(table, solve, fit, params, context);
      const warnings = fit.converged ? [] : [notConverged(fit, params)];
      if (rows === 0 && !plain)
        warnings.push(
          `probabilities are not calibrated: too few training rows can be held out; a cautious slope of ${inverse.toPrecision(3)} is used`,
        );
      return softmaxHead({
        model: 'svm',
        solver: 'linearsvc',
        params,
        classes: train.classes,
        dims,
        ...withAbsentClasses(fit.weights, fit.bias, present, dims, train.classes.length),
        inverseTemperature: inverse,
        converged: fit.converged,
        iterations: fit.iterations,
        warnings,
        details: {
          objective: objective.value,
          largestGradient: objective.gradientSize,
          largestViolation: fit.violation,
          finishingSteps: fit.finishingSteps,
          iterationsAre: 'passes over the rows, of the classifier that took the most',
          slope: inverse,
          calibrationRows: rows,
          probabilities: `softmax of the decision values${plain ? '' : `, its slope fitted on ${rows} cross-validated ones`}`,
        },
        threads,
      });
    }),
  };
}

/** The temperature by folds; each fit starts at the solution for all rows. */
async function calibrate(
  table: Table,
  solve: LinearSvcSolver,
  fit: LinearSvcFit,
  params: LinearSvcParams,
  context: FitContext,
): Promise<Temperature> {
  const folds = foldsToHoldOut(table, calibrationFolds);
  const scores = await heldOutScores(folds, table, solve, fit, params, context);
  const held = folds.flatMap(({ test }) => [...test]);
  return temperatureOf(scores, held, table);
}

/** The slope where too few rows have another one of their class: by rows left out, whatever their class. */
async function cautiousSlope(
  table: Table,
  solve: LinearSvcSolver,
  fit: LinearSvcFit,
  params: LinearSvcParams,
  context: FitContext,
): Promise<number> {
  const rows = Int32Array.from(table.labels.keys());
  const foldCount = Math.min(calibrationFolds, rows.length);
  const folds = Array.from({ length: foldCount }, (_, fold) => ({
    train: rows.filter((row) => row % foldCount !== fold),
    test: rows.filter((row) => row % foldCount === fold),
  })).slice(0, Math.ceil((foldCount * cautiousRows) / rows.length));
  const scores = await heldOutScores(folds, table, solve, fit, params, context);
  const labels = Int32Array.from(folds.flatMap(({ test }) => [...takeInts(table.labels, test)]));
  const all = Float64Array.from(scores.flatMap((block) => [...block]));
  return cautiousFactor(all, labels, new Uint8Array(table.classes.length).fill(1), largestCautiousSlope);
}

/** Decision values of each fold's test rows, [rows, classes]; -Infinity for a class without a training row in the fold. */
async function heldOutScores(
  folds: readonly Split[],
  table: Table,
  solve: LinearSvcSolver,
  fit: LinearSvcFit,
  params: LinearSvcParams,
  context: FitContext,
): Promise<Float32Array[]> {
  const scores: Float32Array[] = [];
  for (const [done, fold] of folds.entries()) {
    context.onProgress?.({ stage: 'calibration', done, total: folds.length });
    const rowWeights = weightsWithout(table, fold);
    const options = { ...params, rowWeights, start: fit.coefficients, tolerance: calibrationTolerance };
    const values = await decisionValues(takeRows(table.features, fold.test), await solve(options), context);
    const trained = new Set(takeInts(table.labels, fold.train));
    scores.push(values.map((value, i) => (trained.has(i % table.classes.length) ? value : Number.NEGATIVE_INFINITY)));
  }
  return scores;
}

function notConverged(fit: LinearSvcFit, params: LinearSvcParams): string {
  return (
    `not converged after ${fit.iterations} passes and ${fit.finishingSteps} L-BFGS steps; ` +
    `raise --max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}
