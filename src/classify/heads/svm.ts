import { gramMatrix } from '../solvers/gram.ts';
import { fitPairs, type PairsResult } from '../solvers/svc-pairs.ts';
import type { Table } from '../table.ts';
import { checkTrainingTable } from './checks.ts';
import type { FitContext, Head, HeadKind, Json } from './head.ts';
import { calibrate, planFolds } from './svm/calibration.ts';
import { type FittedSvm, fittedSvm, loadSvm } from './svm/fitted.ts';
import { dropUnused } from './svm/machines.ts';
import { type SvmParams, svmParams } from './svm/params.ts';
import { centredRows, resolveKernel, sortByClass } from './svm/training.ts';

/**
 * C-SVC, one-vs-one, with a linear or rbf kernel: scikit-learn's SVC (LIBSVM) in objective, votes and stopping rule,
 * on one Gram matrix that all machines share.
 *
 * Class predictions are votes; probabilities are calibrated on held-out decision values (`svm/calibration.ts`).
 */
export const svm: HeadKind = {
  model: 'svm',
  solvers: ['smo'],
  options: ['C', 'kernel', 'gamma', 'tolerance', 'maxIterations'],
  create: (params) => svmHead(svmParams(params)),
  load: loadSvm,
};

export interface SvmHead extends Head {
  fit(train: Table, context: FitContext): Promise<FittedSvm>;
}

function svmHead(params: SvmParams): SvmHead {
  const shown: Readonly<Record<string, Json>> = { ...params };
  return { model: 'svm', solver: 'smo', params: shown, fit: (train, context) => fitSvm(params, shown, train, context) };
}

async function fitSvm(
  params: SvmParams,
  shown: Readonly<Record<string, Json>>,
  table: Table,
  context: FitContext,
): Promise<FittedSvm> {
  checkTrainingTable(table, 'svm');
  const { present, classStart, tableRows, caps } = sortByClass(table, params.C);
  const kernel = resolveKernel(params, table);
  const { rows, centre } = centredRows(table, tableRows);
  context.onProgress?.({ stage: 'kernel matrix', done: 0, total: rows.rowCount });
  const gram = await gramMatrix(rows, kernel, context);
  const plan = planFolds(classStart, context.seed);
  const gramRows = Int32Array.from({ length: rows.rowCount }, (_, i) => i);
  const result = await fitPairs(
    {
      gram,
      stride: rows.rowCount,
      rows: gramRows,
      classStart,
      caps,
      ...plan,
      epsilon: params.tolerance,
      maxIterations: params.maxIterations,
    },
    { ...context, onProgress: (done, total) => context.onProgress?.({ stage: 'machines', done, total }) },
  );
  const calibration = await calibrate(
    { gram, stride: rows.rowCount, rows: gramRows, classStart, plan, result },
    context,
  );
  const { machines, kept } = dropUnused({
    kernel,
    centre,
    vectors: rows,
    vectorStart: classStart,
    coefficients: result.coefficients,
    rho: result.rho,
  });
  const unfinished = result.gaps.filter((gap) => gap >= params.tolerance);
  const warnings: string[] = [];
  if (unfinished.length > 0) warnings.push(notConverged(unfinished, result, params));
  if (calibration.heldOutRows === 0) {
    warnings.push(
      `probabilities are not calibrated: every class has one training row; the usual slope of ${calibration.slope} stands in`,
    );
  }
  return fittedSvm({
    solver: 'smo',
    params: shown,
    classes: table.classes,
    machines,
    present,
    supportRows: kept.map((row) => tableRows[row] as number),
    calibration,
    converged: unfinished.length === 0,
    iterations: result.iterations.reduce((sum, steps) => sum + steps, 0),
    warnings,
    details: {
      iterationsAre: 'steps of all machines together',
      ...(kernel.name === 'rbf' ? { gammaValue: kernel.gamma } : {}),
      machines: result.rho.length,
      supportVectors: kept.length,
      largestViolation: result.gaps.reduce((largest, gap) => Math.max(largest, gap), 0),
      probabilities: howProbabilities(present.length, calibration.heldOutRows, calibration.folds),
      calibrationSlope: calibration.slope,
      calibrationRows: calibration.heldOutRows,
    },
    threads: context.threads,
  });
}

function notConverged(unfinished: Float64Array, result: PairsResult, params: SvmParams): string {
  const worst = unfinished.reduce((largest, gap) => Math.max(largest, gap), 0);
  return (
    `${unfinished.length} of ${result.rho.length} machines did not converge in ${params.maxIterations} steps: ` +
    `the largest violation left is ${worst.toPrecision(3)}, wanted below ${params.tolerance}; ` +
    `raise --max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}

function howProbabilities(classCount: number, rows: number, folds: number): string {
  const shape = classCount === 2 ? 'sigmoid' : 'one sigmoid slope for all machines, coupled';
  return rows === 0
    ? `${shape}, not calibrated`
    : `${shape}, calibrated on ${rows} cross-validated decision values (${folds} of 5 folds)`;
}
