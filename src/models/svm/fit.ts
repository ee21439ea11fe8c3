import { takeInts } from '../../numerics/arrays.kernel.ts';
import type { Table } from '../../rows/table.ts';
import { UserError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import { checkTrainingTable } from '../checks.ts';
import { inMemory } from '../fitted-head.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FittedHead, Head } from '../model.ts';
import { dropUnused } from './binary-classifiers.ts';
import { fittedSvm } from './fitted.ts';
import { gramBlockValues, gramMatrix } from './gram/gram.ts';
import type { PairSolver, SvmParams } from './params.ts';
import { calibrateProbabilities, type ProbabilityCalibration, planFolds, uncalibrated } from './probabilities.ts';
import { fitPairs, kernelValues, type PairsResult, startPairWorkers } from './svc-pairs.ts';
import { centredRows, resolveKernel, sortByClass } from './training.ts';

/** @param allowSlow fit by ml-svm even if it takes more than ten minutes */
export function svmHead(params: SvmParams, solver: PairSolver, allowSlow: boolean): Head {
  return {
    model: 'svm',
    solver,
    params,
    ...inMemory((train, context) => fitSvm(params, solver, allowSlow, train, context)),
    needs: svmNeeds,
    lighter: '--solver linearsvc, which needs no kernel matrix',
  };
}

function svmNeeds({ trainRows, dims, classes }: FitSize): MemoryPart[] {
  return [
    { what: 'kernel matrix', bytes: 4 * trainRows ** 2 },
    { what: 'a block of it', bytes: 4 * gramBlockValues(trainRows, dims) },
    { what: 'centred rows', bytes: 4 * trainRows * dims },
    { what: 'coefficients', bytes: 8 * 2 * trainRows * (classes - 1) },
  ];
}

async function fitSvm(
  params: SvmParams,
  solver: PairSolver,
  allowSlow: boolean,
  table: Table,
  context: FitContext,
): Promise<FittedHead> {
  checkTrainingTable(table, 'svm');
  const { seed } = context;
  const { present, classStart, tableRows, caps } = sortByClass(table, params.C);
  const groups = table.groups && takeInts(table.groups, tableRows);
  // A fit by the package takes half a minute: one fold must do.
  const mostFolds = params.calibrate === 'none' ? 0 : solver === 'ml-svm' ? 1 : undefined;
  const plan = planFolds(classStart, seed, groups, mostFolds);
  if (solver === 'ml-svm') checkMlSvmLimits(table, classStart, plan.foldCount, allowSlow, context);
  const kernel = resolveKernel(params, table);
  const { rows, centre } = centredRows(table, tableRows);
  context.onProgress?.({ stage: 'kernel matrix', done: 0, total: rows.rowCount });
  const pairs = { ...context, ...(solver === 'ml-svm' ? { solver: { name: solver, seed } } : {}) };
  // They start while the matrix is computed.
  const workers = startPairWorkers({ classStart, ...plan }, pairs);
  const gramRows = Int32Array.from({ length: rows.rowCount }, (_, i) => i);
  const { tolerance: epsilon, maxIterations } = params;
  let gram: Float32Array;
  let result: PairsResult;
  try {
    gram = await gramMatrix(rows, kernel, context);
    result = await fitPairs(
      { gram, stride: rows.rowCount, rows: gramRows, classStart, caps, ...plan, epsilon, maxIterations },
      {
        ...pairs,
        workers,
        onProgress: (done, total) => context.onProgress?.({ stage: 'binary classifiers', done, total }),
      },
    );
  } finally {
    await workers.close();
  }
  const plain = params.calibrate === 'none';
  const { calibration, scores } = plain
    ? { calibration: uncalibrated }
    : await calibrateProbabilities({ gram, stride: rows.rowCount, rows: gramRows, classStart, plan, result }, context);
  const { classifiers, kept } = dropUnused({
    kernel,
    centre,
    vectors: rows,
    vectorStart: classStart,
    coefficients: result.coefficients,
    rho: result.rho,
  });
  const unfinished = result.gaps.filter((gap) => !(gap < epsilon));
  const facts = {
    model: 'svm',
    solver,
    params: { ...params },
    classes: table.classes,
    dims: rows.columnCount,
    converged: unfinished.length === 0,
    iterations: result.iterations.reduce((sum, steps) => sum + steps, 0),
    warnings: [
      ...(unfinished.length > 0 ? [notConverged(unfinished, result, params)] : []),
      ...(calibration.heldOutRows === 0 && !plain ? [notCalibrated(calibration)] : []),
    ],
    details: {
      iterationsAre: `${solver === 'smo' ? 'steps' : 'passes'} of all classifiers together`,
      ...(kernel.name === 'rbf' ? { gammaValue: kernel.gamma } : {}),
      machines: result.rho.length,
      machinesNotConverged: unfinished.length,
      supportVectors: kept.length,
      probabilities: howProbabilities(present.length, calibration),
      calibrationSlope: calibration.slope,
      calibrationRows: calibration.heldOutRows,
    },
  };
  const supportRows = takeInts(tableRows, kept);
  const fitted = fittedSvm(facts, { classifiers, present, supportRows, calibration }, context.threads);
  // Scores of views are not those of images.
  if (scores === undefined || table.plainRowOf !== undefined) return fitted;
  return { ...fitted, heldOut: { scores, rowsAre: 'cross-validated' } };
}

function notConverged(unfinished: Float64Array, result: PairsResult, params: SvmParams): string {
  const worst = unfinished.reduce((largest, gap) => Math.max(largest, gap), 0);
  const howFar = Number.isNaN(worst)
    ? 'the package does not tell how far they got'
    : `the largest violation left is ${worst.toPrecision(3)}, wanted below ${params.tolerance}`;
  return (
    `${unfinished.length} of ${result.rho.length} classifiers did not converge in ${params.maxIterations} steps: ` +
    `${howFar}; raise --max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}

function notCalibrated({ slope }: ProbabilityCalibration): string {
  return `probabilities are not calibrated: every class has one training row; a cautious slope of ${slope.toPrecision(3)} is used`;
}

function howProbabilities(classCount: number, { heldOutRows, folds, foldsOf }: ProbabilityCalibration): string {
  const shape = classCount === 2 ? 'sigmoid' : 'one sigmoid slope for all classifiers, coupled';
  if (heldOutRows === 0) return `${shape}, not calibrated`;
  return `${shape}, calibrated on ${heldOutRows} cross-validated decision values (${folds} of ${counted(foldsOf, 'fold')})`;
}

/** Longer runs are refused unless slow runs are allowed. */
const SLOW_SECONDS = 600;
/** Of one thread; measured: 4e-7 to 1e-6 with hundreds of features, up to 1.5e-5 if classes overlap in few features. */
const SECONDS_PER_KERNEL_VALUE = 2e-6;

/** @throws UserError for sample weights, and for a run of more than ten minutes unless `allowSlow` */
function checkMlSvmLimits(
  table: Table,
  classStart: Int32Array,
  foldCount: number,
  allowSlow: boolean,
  context: FitContext,
): void {
  if (table.sampleWeights !== undefined) {
    throw new UserError({
      what: 'ml-svm takes no sample or class weights',
      exitCode: 2,
      fix: 'leave the weights out, or use --solver smo',
    });
  }
  const classifiers = ((classStart.length - 1) * (classStart.length - 2)) / 2;
  const values = kernelValues(classStart) * (1 + foldCount);
  const seconds = (values * SECONDS_PER_KERNEL_VALUE) / Math.max(1, Math.min(context.threads, classifiers));
  if (seconds < SLOW_SECONDS / 10) return;
  const size = `${classifiers} classifiers on ${table.features.rowCount} rows`;
  const time = seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
  if (seconds > SLOW_SECONDS && !allowSlow) {
    throw new UserError({
      what: `ml-svm would take about ${time}`,
      found: size,
      expected: `at most ${SLOW_SECONDS / 60} minutes`,
      fix: '--solver smo does it in seconds; --allow-slow starts it all the same',
    });
  }
  const message = `ml-svm: ${size} will take about ${time}; --solver smo does it in seconds`;
  context.onProgress?.({ stage: 'binary classifiers', done: 0, total: classifiers, message });
}
