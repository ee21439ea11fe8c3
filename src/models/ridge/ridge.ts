import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { scaleBy } from '../../numerics/arrays.kernel.ts';
import { addRowVector, softmaxRows } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import { cautiousFactor } from '../calibration/cautious-factor.ts';
import { checkFeatures, checkSolver, checkTrainingTable, savedArray } from '../checks.ts';
import { fittedHead, inMemory, savedFacts } from '../fitted-head.ts';
import { absentBias, savedLinearScores, savedWeights } from '../linear-head.ts';
import type { LinearState } from '../linear-loss.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FitFacts, FittedHead, Head, HeadKind, SavedHead } from '../model.ts';
import { type GivenParams, readParams } from '../parameters.ts';
import { ownCalibration } from '../scaling.ts';
import { solveRidge } from './closed-form.ts';
import { fewestJudged, judgedRows, leftOutAccuracy, leftOutConformal } from './left-out.ts';
import { fitTemperature } from './softmax-factor.ts';

const solvers = ['closed-form'] as const;

const options = {
  alpha: {
    describe: 'penalty, or penalties to choose from by leave-one-out error',
    words: ['auto'],
    numbers: { above: 0 },
    list: true,
    default: 'auto',
    simpler: 'larger',
  },
} as const;
const declared = { solvers, options };

type Params = { readonly alpha: 'auto' | readonly number[]; readonly calibrate?: 'none' };
/** Parameters of ridge regression, as given by callers of the library. */
export type RidgeParams = GivenParams<typeof options, (typeof solvers)[number]>;

/** Limit of the smaller of rows and features: the closed form takes time proportional to its cube. */
const largestSide = 8192;
/** The likeliest factor for photos of 42 breeds with one or two training photos of each. */
const largestCautiousFactor = 17;

/**
 * Ridge regression on class indicators in closed form, with alpha chosen by leave-one-out error (scikit-learn's
 * RidgeClassifierCV). Without iterations and randomness.
 */
export const ridge: HeadKind = {
  model: 'ridge',
  solvers,
  options,
  autoCalibrate: () => 'none',
  // Each fit chooses alpha.
  autoSweep: () => ({}),
  create: (raw) => {
    const { alpha } = readParams(declared, raw).params;
    const params: Params = { alpha: typeof alpha === 'number' ? [alpha] : alpha, ...ownCalibration(raw) };
    return {
      model: 'ridge',
      solver: 'closed-form',
      params,
      ...inMemory((train, context) => fit(params, train, context)),
      needs: ridgeNeeds,
    } satisfies Head;
  },
  load: (saved) => {
    checkSolver(saved, solvers);
    const factor = valueAt(savedArray(saved, 'factor', Float64Array, [1]), 0);
    return fitted({ ...savedFacts(saved), converged: true, ...savedWeights(saved), factor, threads: 1 });
  },
  toOnnx: addRidge,
  linearScores: savedLinearScores,
};

/**
 * All in float64: seven matrices of the smaller side (measured at 6,000 x 1,024); targets, residuals and the scores of several
 * alphas.
 */
function ridgeNeeds({ trainRows, dims, classes }: FitSize): MemoryPart[] {
  const side = Math.min(trainRows, dims);
  return [
    { what: trainRows <= dims ? 'kernel matrix' : 'covariance', bytes: 8 * 7 * side ** 2 },
    { what: 'rows in float64', bytes: 8 * 2 * dims * Math.min(trainRows, trainRows <= dims ? trainRows : 1024) },
    { what: 'residuals', bytes: 8 * 4 * trainRows * classes },
  ];
}

async function fit(params: Params, given: Table, context: FitContext): Promise<FittedHead> {
  checkTrainingTable(given, 'ridge');
  const train = withoutZeroWeights(given);
  const { features, labels, classes } = train;
  const { rowCount, columnCount: dims } = features;
  if (Math.min(rowCount, dims) > largestSide) {
    throw new UserError({
      what: 'the closed form of ridge regression is too large here',
      found: `${counted(rowCount, 'row')} x ${counted(dims, 'feature')}`,
      expected: `rows or features up to ${largestSide}`,
      fix: '--model linear trains on any number of rows and features',
    });
  }
  const weights = train.sampleWeights ?? null;
  const solution = await solveRidge(features, labels, classes.length, weights, params.alpha, context);
  const present = new Uint8Array(classes.length);
  for (const label of labels) present[label] = 1;
  const bias = Float32Array.from(solution.bias, (value, c) => (present[c] === 1 ? value : absentBias));
  const severalClasses = present.reduce((sum, seen) => sum + seen, 0) > 1;
  const judged = judgedRows(labels, classes.length);
  const few = judged.length < fewestJudged;
  const plain = params.calibrate === 'none' || !severalClasses;
  const judgedWeights = new Float64Array(rowCount);
  for (const row of judged) judgedWeights[row] = weights?.[row] ?? 1;
  const ownFactor = () =>
    few
      ? cautiousFactor(solution.leftOutScores, labels, present, largestCautiousFactor)
      : fitTemperature(solution.leftOutScores, labels, present, judgedWeights);
  const factor = plain ? 1 : ownFactor();
  const first = solution.tried[0]?.alpha;
  const last = solution.tried.at(-1)?.alpha;
  const atEnd = solution.tried.length > 1 && (solution.alpha === first || solution.alpha === last);
  const warnings: string[] = [];
  if (atEnd) {
    warnings.push(`the chosen alpha, ${solution.alpha}, is at the end of those tried: a wider range may do better`);
  }
  if (few && severalClasses) {
    const chosen =
      params.alpha === 'auto' || params.alpha.length > 1 ? ['alpha, the one nearest to the mean eigenvalue'] : [];
    const factors = plain ? [] : ['the factor of the softmax, a cautious one'];
    if (chosen.length + factors.length > 0) {
      warnings.push(
        `${[...chosen, ...factors].join(', and ')}: not chosen by leave-one-out errors, since only ${counted(judged.length, 'training row')} have another one of their class`,
      );
    }
  }
  if (solution.tried.length > 1 && train.groups !== undefined && new Set(train.groups).size < rowCount) {
    warnings.push(
      'alpha was chosen by leaving out single rows, though rows of one group are alike: it may be too small',
    );
  }
  const scores = leftOutConformal(train, solution.leftOutScores, factor, judged);
  const head = fitted({
    model: 'ridge',
    solver: 'closed-form',
    params,
    classes,
    dims,
    converged: true,
    iterations: 0,
    warnings,
    weights: Float32Array.from(solution.weights),
    bias,
    factor,
    details: {
      probabilities: plain
        ? 'softmax of the scores'
        : `softmax of the scores times ${few ? 'a cautious factor' : 'a factor that fits the leave-one-out scores best'}`,
      alpha: solution.alpha,
      factor,
      leaveOneOut: solution.tried.map(({ alpha, error }) => ({ alpha, error })),
      ...(judged.length === 0
        ? {}
        : { leaveOneOutAccuracy: leftOutAccuracy(solution.leftOutScores, labels, classes.length, judged) }),
    },
    threads: context.threads,
  });
  return scores === undefined ? head : { ...head, heldOut: { scores, rowsAre: 'left out one by one' } };
}

interface RidgeFit extends FitFacts, LinearState {
  /** Probabilities are softmax(factor * scores). */
  readonly factor: number;
  readonly threads: number;
}

function fitted({ weights, bias, factor, threads, ...facts }: RidgeFit): FittedHead {
  const { params, classes, dims } = facts;
  return fittedHead({
    ...facts,
    calibrated: params['calibrate'] !== 'none',
    predictBoth: async (features, options) => {
      checkFeatures(features, dims, 'ridge');
      const matrix = { rowCount: dims, columnCount: classes.length, data: weights };
      const scores = await multiply(features, matrix, { threads });
      addRowVector(scores.data, bias);
      const predicted = largestPerRow(scores.data, classes.length);
      if (options?.uncalibrated !== true) scaleBy(scores.data, factor);
      softmaxRows(scores.data, classes.length);
      return { predicted, probabilities: scores };
    },
    arrays: () => ({
      weights: { shape: [dims, classes.length], data: weights },
      bias: { shape: [classes.length], data: bias },
      factor: { shape: [1], data: Float64Array.of(factor) },
    }),
  });
}

/** Without rows of weight 0, since leave-one-out errors divide by the weight. */
function withoutZeroWeights(table: Table): Table {
  const { sampleWeights, labels } = table;
  if (sampleWeights === undefined || sampleWeights.every((weight) => weight > 0)) return table;
  return takeTableRows(
    table,
    Int32Array.from(labels.keys()).filter((row) => valueAt(sampleWeights, row) > 0),
  );
}

/** softmax(factor * (features · weights + bias)): float32 [rows, classes]. */
function addRidge(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const { weights, bias } = savedWeights(saved);
  const classCount = bias.length;
  const factor = savedArray(saved, 'factor', Float64Array, [1]);
  const scores = graph.node('Gemm', [
    features,
    graph.constant('weights', weights, [saved.dims, classCount]),
    graph.constant('bias', bias),
  ]);
  const scaled = graph.node('Mul', [scores, graph.constant('factor', Float32Array.from(factor))]);
  return graph.node('Softmax', [scaled], { axis: -1 });
}
