import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { presentClasses } from '../../rows/classes.ts';
import { type Table, takeLabels } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { usageError } from '../../system/errors.ts';
import { checkSeveralClasses, checkSolver, checkTrainingTable } from '../checks.ts';
import { loadLinear, savedLinearScores } from '../linear-head.ts';
import type { FitContext, FoldPredictions, HeadKind } from '../model.ts';
import { addLinear } from '../onnx-parts.ts';
import { type GivenParams, readParams } from '../parameters.ts';
import { readPrompts } from '../prompts.ts';
import { linearByAdam } from './adam.ts';
import { type LbfgsParams, linearByLbfgs } from './fit.ts';
import { logisticSolver } from './logistic.ts';

const solvers = ['lbfgs', 'adam'] as const;
const options = {
  optimizer: { describe: 'another name of --solver', words: ['lbfgs', 'adam'], default: 'lbfgs' },
  C: {
    describe: 'inverse regularization strength, as in scikit-learn',
    numbers: { above: 0 },
    default: 1,
    solvers: ['lbfgs'],
    simpler: 'smaller',
  },
  tol: {
    describe:
      'stop when no component of the gradient of the mean loss is larger, as in scikit-learn; without it at the optimum',
    numbers: { above: 0 },
    default: null,
    solvers: ['lbfgs'],
  },
  maxIterations: {
    describe: 'maximum number of steps',
    numbers: { min: 1, whole: true },
    default: 1000,
    solvers: ['lbfgs'],
  },
  epochs: {
    describe: 'passes over the training rows',
    numbers: { min: 1, whole: true },
    default: 9,
    solvers: ['adam'],
    simpler: 'smaller',
  },
  lr: { describe: 'learning rate', numbers: { above: 0 }, default: 0.001, solvers: ['adam'] },
  batch: { describe: 'rows per step', numbers: { min: 1, whole: true }, default: 256, solvers: ['adam'] },
  startPrompts: {
    describe:
      "initialize from the zero-shot head of these prompts ('a photo of a {}'), with --scale l2; without it randomly",
    text: true,
    default: null,
    solvers: ['adam'],
  },
} as const;
const declared = { solvers, options, solverAlias: 'optimizer' };

/** Parameters of the linear head, as given by callers of the library. */
export type LinearParams = GivenParams<typeof options, (typeof solvers)[number]>;

/**
 * A linear softmax classifier. `lbfgs` is multinomial logistic regression with an L2 penalty, scikit-learn's
 * `LogisticRegression`; `adam` is a fully connected layer trained on mini-batches.
 */
export const linear: HeadKind = {
  model: 'linear',
  solvers,
  options,
  create: (raw) => {
    const { solver, params } = readParams(declared, raw);
    if (solver === 'lbfgs') return linearByLbfgs(params);
    if (params.startPrompts !== null) {
      readPrompts(params.startPrompts, '--start-prompts');
      if (raw['scale'] !== 'l2')
        throw usageError(
          '--scale',
          String(raw['scale'] ?? 'none'),
          'l2 with --start-prompts: words are compared with rows of length 1',
          '--scale l2',
        );
    }
    return linearByAdam(params);
  },
  autoCalibrate: () => 'temperature',
  autoSweep: (raw) =>
    readParams(declared, raw).solver === 'lbfgs'
      ? { C: [0.001, 0.01, 0.1, 1, 10, 100, 1000] }
      : { lr: [0.0003, 0.001, 0.003, 0.01], epochs: [9, 30, 100] },
  crossValidate: (points, table, folds, context) => {
    const read = points.map((point) => readParams(declared, point));
    if (read.some(({ solver }) => solver !== 'lbfgs')) return undefined;
    return crossValidateLogistic(
      read.map(({ params }) => params),
      table,
      folds,
      context,
    );
  },
  load: (saved) => {
    checkSolver(saved, solvers);
    return loadLinear(saved);
  },
  toOnnx: addLinear,
  linearScores: savedLinearScores,
};

const noFeatures = { rowCount: 0, columnCount: 0, data: new Float32Array(0) };

/** Cross-validates logistic regressions that differ in C; in each fold, one starts at the solution for the next smaller C. */
async function crossValidateLogistic(
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
