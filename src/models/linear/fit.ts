import type { LbfgsEnd } from '../../numerics/lbfgs.ts';
import { lbfgsVectors } from '../../numerics/lbfgs-memory.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { foldsToHoldOut } from '../../split/inner-folds.ts';
import { calibrationFolds, rowsToPredict, temperatureOf } from '../calibration/temperature.ts';
import { checkSeveralClasses, checkTrainingTable } from '../checks.ts';
import { lighter, scoresNeed, softmaxHead, withAbsentClasses } from '../linear-head.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FitProgress, FittedHead, Head, Json, Temperature } from '../model.ts';
import { defaultValueTolerance, gradientTolerance, type LogisticContext, type LogisticOptions } from './fit-rows.ts';
import { isFittedInSpan, type LogisticFit, type LogisticSolver, logisticSolver } from './logistic.ts';
import { isFittedInSubspaces, mostSubspaceDirections } from './subspaces.ts';

export interface LbfgsParams {
  /** Inverse strength of the L2 penalty, as in scikit-learn. */
  readonly C: number;
  /** Null to fit to the optimum; see `LogisticOptions`. */
  readonly tol: number | null;
  readonly maxIterations: number;
}

/** Multinomial logistic regression by L-BFGS: scikit-learn's `LogisticRegression(C)`. */
export function linearByLbfgs(params: LbfgsParams): Head {
  const needs = (size: FitSize): MemoryPart[] => [
    ...lbfgsNeeds(size),
    ...(size.stream === true ? [] : [scoresNeed(size), ...spanNeed(size), ...subspaceNeed(size)]),
    ...(params.tol === null ? [] : [{ what: 'start of the fit', bytes: 8 * size.dims * size.classes }]),
  ];
  return {
    model: 'linear',
    solver: 'lbfgs',
    params: shown(params),
    rows: 'blocks',
    fit: async (train, context) => (await fitLbfgs(params, train, context)).fitted,
    needs,
    lighter,
    temperature: {
      fits: () => true,
      rowsAre: 'cross-validated',
      fit: (train, context, judged) => fitWithTemperature(params, train, context, judged),
      needs: (size) => [...needs(size), { what: 'start of the folds', bytes: 8 * size.dims * size.classes }],
    },
  };
}

/** Value tolerance of fits for calibration: in 40 % of the steps, the temperature is within 0.5 % (reference photos, C from 0.01 to 10). */
const calibrationTolerance = 1e-4;
/**
 * The same for folds that start at the fit of all rows, which has seen the held-out rows: within 0.5 % on 800 rows of the
 * reference photos and on random features, C from 0.01 to 10.
 */
const refitTolerance = 1e-5;
/** `mostLeft` of the first fold. With 2e-3, the temperature was off by up to 1.6 % (random features, C from 0.01 to 1). */
const firstFoldLeft = 5e-4;
/**
 * Folds may start at a fit whose possible decrease is at most this share of the objective: the temperature is then within
 * 2 % of folds fitted from zeros, and with more up to 20 times off (150 and 2,300 random rows, C from 0.01 to 1000, tol
 * from 1e-3 to 0.03).
 */
const mostLeft = 2e-3;

function shown({ C, tol, maxIterations }: LbfgsParams): Record<string, Json> {
  return { C, ...(tol === null ? {} : { tol }), maxIterations };
}

async function fitLbfgs(params: LbfgsParams, train: Table<RowSource>, context: FitContext) {
  const { threads, signal, arena } = context;
  arena?.reset();
  checkTrainingTable(train, 'linear');
  const { table, present } = checkSeveralClasses(train, 'linear');
  const tell = progressOf(params, train, context);
  const valueTolerance = context.forCalibration === true ? calibrationTolerance : undefined;
  const solver = await logisticSolver(table, { threads, signal, arena, ...tell });
  const first =
    params.tol === null || valueTolerance !== undefined ? undefined : await firstFold(params, table, solver);
  arena?.reset();
  const fit = await solver.fit({ ...params, valueTolerance, ...tell, start: first?.x });
  const dims = train.features.columnCount;
  const fitted = softmaxHead({
    model: 'linear',
    solver: 'lbfgs',
    params: shown(params),
    classes: train.classes,
    dims,
    ...withAbsentClasses(fit.weights, fit.bias, present, dims, train.classes.length),
    converged: fit.converged,
    iterations: fit.iterations,
    warnings: fit.converged ? [] : [notConverged(fit, params)],
    details: {
      objective: fit.value,
      largestGradient: fit.gradientSize,
      gradientIs: params.tol === null ? 'of the summed loss, by centred features' : 'of the mean loss',
      tolerance: params.tol ?? gradientTolerance,
      stoppedBy: stoppedBy[fit.end],
      evaluations: fit.evaluations,
      ...(first === undefined ? {} : { startEvaluations: first.evaluations }),
      iterationsAre: fit.rounds === 0 ? 'L-BFGS steps' : `${fit.rounds} rounds in subspaces, then L-BFGS steps`,
      probabilities: 'softmax',
    },
    threads,
  });
  return { table, solver, first, fit, fitted };
}

/**
 * Fits the first fold of the calibration; the fit of all rows then starts at its solution. In the other order, where `tol`
 * stops both early, the fold's weights would depend on its held-out rows. Fitted without calibration, too, for equal
 * weights.
 */
async function firstFold(params: LbfgsParams, table: Table<RowSource>, solver: LogisticSolver) {
  const [fold, ...others] = foldsToHoldOut(table, calibrationFolds);
  if (fold === undefined) return undefined;
  const test = rowsToPredict(fold.test, others.length + 1, table);
  const part = solver.fold({ ...fold, test });
  const { x, evaluations } = await part.fit({
    ...params,
    valueTolerance: calibrationTolerance,
    mostLeft: firstFoldLeft,
  });
  return { scores: await part.testScores(x), x: part.startForAll(x), evaluations };
}

/** The same fit, and the temperature by folds, which start at its solution or, if `tol` stopped it early, at zeros. */
async function fitWithTemperature(
  params: LbfgsParams,
  train: Table<RowSource>,
  context: FitContext,
  judged: Float64Array | undefined,
): Promise<Temperature & { readonly fitted: FittedHead }> {
  const { table, solver, first, fit, fitted } = await fitLbfgs(params, train, context);
  const folds = foldsToHoldOut(table, calibrationFolds);
  // Without `tol`, which the fit of all rows may meet at once on a fold: it would still know the held-out rows.
  const refit = { ...params, tol: null, valueTolerance: refitTolerance, start: fit.x.slice() };
  const nearOptimum = fit.left <= mostLeft * fit.value;
  const held: number[] = [];
  const scores: Float32Array[] = [];
  for (const [done, fold] of folds.entries()) {
    context.onProgress?.({ stage: 'calibration', done, total: folds.length });
    context.arena?.reset();
    const test = rowsToPredict(fold.test, folds.length, table);
    held.push(...test);
    if (done === 0 && first !== undefined) {
      scores.push(first.scores);
      continue;
    }
    const part = solver.fold({ ...fold, test });
    const { x } = await part.fit(nearOptimum ? refit : params);
    scores.push(await part.testScores(x));
  }
  return { fitted, ...temperatureOf(scores, held, { ...table, sampleWeights: judged }) };
}

const stoppedBy = {
  gradient: 'the largest part of the gradient',
  value: `${defaultValueTolerance} of the objective left to win`,
  rounding: 'the error of float32 sums',
  steps: 'max-iterations',
  stuck: 'no step down',
} satisfies Record<LbfgsEnd, string>;

/** Reports progress after each step, and for rows on disk after each block. */
function progressOf(
  { maxIterations }: LbfgsParams,
  { features, labels }: Table<RowSource>,
  { onProgress }: FitContext,
): Pick<LogisticOptions & LogisticContext, 'onIteration' | 'onRows'> {
  let now: FitProgress = { stage: 'fit', done: 0, total: maxIterations };
  let rowsRead = 0;
  const tell = (): void => onProgress?.(isStored(features) ? { ...now, rowsRead } : now);
  return {
    onIteration: (done, value, gradient) => {
      now = { ...now, done, loss: value / labels.length, gradient };
      tell();
    },
    onRows: (count) => {
      rowsRead += count;
      if (isStored(features)) tell();
    },
  };
}

/** The factor of the Gram matrix, in float64 and float32, and a product of its size. */
function spanNeed({ trainRows, dims }: FitSize): MemoryPart[] {
  return isFittedInSpan(trainRows, dims) ? [{ what: 'span of the rows', bytes: (8 + 8 + 4) * trainRows ** 2 }] : [];
}

/** The last two subspaces, with rows in float32 and directions in float64, and the state of L-BFGS. */
function subspaceNeed({ trainRows, dims, classes }: FitSize): MemoryPart[] {
  if (isFittedInSpan(trainRows, dims) || !isFittedInSubspaces(dims, classes)) return [];
  const directions = mostSubspaceDirections(dims, classes);
  const bytes = 2 * directions * (4 * trainRows + 8 * dims) + directions * classes * 8 * lbfgsVectors;
  return [{ what: 'rows in subspaces', bytes }];
}

/** Vectors of L-BFGS in float64; weights, a block's gradient and the fitted head in float32. */
function lbfgsNeeds({ dims, classes }: FitSize): MemoryPart[] {
  return [{ what: 'state of L-BFGS', bytes: dims * classes * (8 * lbfgsVectors + 4 * 3) }];
}

function notConverged({ iterations, gradientSize }: LogisticFit, params: LbfgsParams): string {
  const wanted = params.tol ?? gradientTolerance;
  const raise = params.tol === null ? '' : `--tol ${params.tol}, `;
  return (
    `not converged after ${iterations} steps: the largest part of the gradient is ${gradientSize.toPrecision(2)}, ` +
    `wanted ${wanted}; raise ${raise}--max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}
