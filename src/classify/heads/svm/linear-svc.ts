import { takeRows } from '../../../features/matrix.ts';
import { foldsForCalibration } from '../../inner-folds.ts';
import { presentClasses } from '../../present-classes.ts';
import { addRowVector } from '../../solvers/linear-loss.kernel.ts';
import { fitLinearSvc, type LinearSvcFit } from '../../solvers/linear-svc.ts';
import { multiply } from '../../solvers/matmul.ts';
import { likeliestSlope } from '../../solvers/slope.kernel.ts';
import { type Table, takeTableRows } from '../../table.ts';
import { checkTrainingTable } from '../checks.ts';
import type { FitContext, Head } from '../head.ts';
import { lbfgsNeeds, lighter, scoresNeed } from '../linear/lbfgs.ts';
import { checkSeveralClasses } from '../linear/several-classes.ts';
import { softmaxHead, withAbsentClasses } from '../linear/softmax-head.ts';

export interface LinearSvcParams {
  /** Weight of the squared hinge losses, scikit-learn's C. */
  readonly C: number;
  readonly maxIterations: number;
}

const calibrationFolds = 5;
/** One slope for all classes asks for less than the machines themselves. */
const calibrationTolerance = 1e-4;

/**
 * One linear machine per class against all the others: scikit-learn's `LinearSVC(C)`. Probabilities are a softmax of the
 * decision values, its slope fitted on values of rows that the machines had not seen.
 */
export function linearSvc(params: LinearSvcParams): Head {
  const shown = { C: params.C, maxIterations: params.maxIterations };
  return {
    model: 'svm',
    solver: 'linearsvc',
    params: shown,
    // The rows of a fold are copied when the state of the first fit is still there to start from.
    needs: (size) => [
      ...lbfgsNeeds(size),
      scoresNeed(size),
      { what: 'start of the calibration', bytes: 8 * 2 * size.dims * size.classes },
      { what: 'rows of a fold', bytes: 4 * size.trainRows * size.dims },
      { what: 'cross-validated scores', bytes: 8 * size.trainRows * size.classes },
    ],
    lighter,
    fit: async (train, context) => {
      checkTrainingTable(train, 'svm');
      checkSeveralClasses(train, 'svm');
      const { table, present } = presentClasses(train);
      const dims = train.features.columnCount;
      const { threads, signal } = context;
      const onIteration = (iteration: number): void =>
        context.onProgress?.({ stage: 'fit', done: iteration, total: params.maxIterations });
      const fit = await fitLinearSvc(table, { ...params, threads, signal, onIteration });
      const { slope, rows } = await calibrate(table, fit, params, context);
      const warnings = fit.converged ? [] : [notConverged(fit, params)];
      if (rows === 0) warnings.push('probabilities are not calibrated: no class has a training row to spare');
      return softmaxHead({
        model: 'svm',
        solver: 'linearsvc',
        params: shown,
        classes: train.classes,
        dims,
        ...withAbsentClasses(fit.weights, fit.bias, present, dims, train.classes.length),
        slope,
        converged: fit.converged,
        iterations: fit.iterations,
        warnings,
        details: {
          objective: fit.value,
          largestGradient: fit.gradientSize,
          evaluations: fit.evaluations,
          iterationsAre: 'L-BFGS steps of all machines together',
          slope,
          calibrationRows: rows,
          probabilities: `softmax of the decision values, its slope fitted on ${rows} cross-validated ones`,
        },
        threads,
      });
    },
  };
}

/** The slope for values of rows left out fold by fold; each fit starts where the one on all rows ended. */
async function calibrate(
  table: Table,
  fit: LinearSvcFit,
  params: LinearSvcParams,
  { threads, signal }: FitContext,
): Promise<{ readonly slope: number; readonly rows: number }> {
  const columnCount = table.classes.length;
  const scores: Float32Array[] = [];
  const held: number[] = [];
  for (const fold of foldsForCalibration(table, calibrationFolds)) {
    const start = Float64Array.from(fit.x);
    const options = { ...params, threads, signal, start, valueTolerance: calibrationTolerance };
    const { weights, bias } = await fitLinearSvc(takeTableRows(table, fold.train), options);
    const right = { rowCount: table.features.columnCount, columnCount, data: Float32Array.from(weights) };
    const values = (await multiply(takeRows(table.features, fold.test), right, { threads, signal })).data;
    addRowVector(values, Float32Array.from(bias));
    scores.push(values);
    held.push(...fold.test);
  }
  if (held.length === 0) return { slope: 1, rows: 0 };
  const all = new Float32Array(held.length * columnCount);
  let at = 0;
  for (const values of scores) {
    all.set(values, at);
    at += values.length;
  }
  const labels = Int32Array.from(held, (row) => table.labels[row] as number);
  const weights = table.sampleWeights;
  const rowWeights = weights && Float64Array.from(held, (row) => weights[row] as number);
  return { slope: likeliestSlope(all, columnCount, labels, rowWeights), rows: held.length };
}

function notConverged(fit: LinearSvcFit, params: LinearSvcParams): string {
  return (
    `not converged after ${fit.iterations} steps: the largest part of the gradient is ${fit.gradientSize.toPrecision(2)}; ` +
    `raise --max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}
