import type { Arena } from '../../numerics/arena.ts';
import { addAt } from '../../numerics/arrays.kernel.ts';
import { largestMagnitude } from '../../numerics/lbfgs.kernel.ts';
import { type LbfgsOptions, type LbfgsResult, lossError, minimize } from '../../numerics/lbfgs.ts';
import { addRowVector, shiftBias } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import { isStored, type RowSource, rowPass, takeRows } from '../../rows/row-source.ts';
import { meansOf } from '../../rows/scale.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { absentBias } from '../linear-head.ts';
import { meanGradientRule } from './mean-gradient.ts';
import { penalizedLoss } from './penalized-loss.ts';
import { type RowSpan, spanOfRows } from './row-span.ts';
import { type Descent, descendInSubspaces, isFittedInSubspaces, type Standing } from './subspaces.ts';

export interface LogisticContext {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Told after each block how many rows of a pass it had. */
  readonly onRows?: ((count: number) => void) | undefined;
  /** Where the state lies. `x` of the result and what is made of it are then good until the arena is emptied. */
  readonly arena?: Arena | undefined;
}

export interface LogisticOptions {
  /** Inverse strength of the L2 penalty, scikit-learn's C: the loss is the sum over the rows plus |weights|² / (2 C). */
  readonly C: number;
  readonly maxIterations: number;
  /** Share of the objective that may be left to win. Default: 5e-9, for probabilities within 4e-4 of the optimum's. */
  readonly valueTolerance?: number | undefined;
  /** Ends the fit where, by the curvature of the penalty, no larger share of the objective can be left. Default: 0. */
  readonly mostLeft?: number | undefined;
  /** Whether the fit may begin in subspaces; false for a start from which few steps are left. Default: true. */
  readonly inSubspaces?: boolean;
  /**
   * scikit-learn's `tol`: stops when no part of the gradient is larger, the loss being the mean over the rows and the
   * features as they are, not centred. Takes the place of the default rule.
   */
  readonly tol?: number | null | undefined;
  /** Where to start: the `x` of an earlier fit of the same solver, which is changed in place. Default: zeros. */
  readonly start?: Float64Array | undefined;
  readonly onIteration?: (iteration: number, value: number, gradientSize: number) => void;
}

export interface LogisticFit extends LbfgsResult {
  /** [dims, classes] */
  readonly weights: Float64Array;
  /** [classes] */
  readonly bias: Float32Array;
}

/** Fits one table as often as asked, and parts of it. */
export interface LogisticSolver {
  /** @throws InterruptedError if the signal is aborted */
  fit(options: LogisticOptions): Promise<LogisticFit>;
  fold(fold: Split): LogisticFold;
}

/** Fits the training rows of a fold, and scores its test rows. */
interface LogisticFold {
  /**
   * @param options `start` may be the `x` of a fit of the whole table or of another fold too
   * @throws InterruptedError if the signal is aborted
   */
  fit(options: LogisticOptions): Promise<LbfgsResult>;
  /** [test rows, classes]; minus infinity for a class without training rows. */
  testScores(x: Float64Array): Promise<Float32Array>;
  /** A copy of the fold's `x` for a fit of the whole table to start at: classes without training rows here are at zero. */
  startForAll(x: Float64Array): Float64Array;
}

/** On the largest part of the gradient of the summed loss over centred features. */
export const gradientTolerance = 1e-4;
/**
 * Share of the objective that is left to win. Probabilities of test rows were then within 4e-4 of the optimum's (9,199 and
 * 800 rows of 2,048 features, 120 classes, C from 0.1 to 10); at 1e-7 they were off by 1e-3 to 4e-3.
 */
export const defaultValueTolerance = 5e-9;

/** Rounds in subspaces go on while more than this share of the objective may be left to win, */
const nearLeft = 5e-3;
/** or more than so often what ends the fit, */
const nearOften = 100;
/** and while the gradient is more than so often its tolerance. */
const nearGradient = 2;

/** With so few rows per feature their Gram matrix costs less than it saves in the steps. */
const fewRows = 0.5;

/** Whether a fit of rows in memory is one in their span. */
export function isFittedInSpan(rowCount: number, dims: number): boolean {
  return rowCount <= fewRows * dims;
}

/** Where the steps are taken: the features as they stand, or turned into the span of their rows. */
interface Coordinates {
  readonly table: Table<RowSource>;
  /** Means of the features that the steps see. */
  readonly means: Float64Array;
  /** Weights and gradients for the centred features themselves. */
  readonly span: RowSpan | undefined;
  /** Means of the features themselves. */
  readonly featureMeans: Float64Array;
}

/**
 * Multinomial logistic regression with an L2 penalty by L-BFGS: the optimum of scikit-learn's `LogisticRegression(C)`,
 * two classes included. The state is float64, the products float32. The intercept is not penalized, so centred features
 * have the same optimum and get there in far fewer steps; the centring is done on the weights and the gradient, never
 * on a copy of the features. Where rows are few the steps are taken in their span; where they are many, in memory and of
 * eight classes or more, the fit begins in subspaces, and steps of L-BFGS end it by the same rules.
 *
 * @param table every class has a row; its features may stay on the disk, which each step then reads once or more
 * @throws InterruptedError if the signal is aborted
 */
export async function logisticSolver(table: Table<RowSource>, context: LogisticContext): Promise<LogisticSolver> {
  const coordinates = await coordinatesOf(table, context);
  return {
    fit: (options) => fitWhole(coordinates, options, context),
    fold: (fold) => foldOf(coordinates, fold, context),
  };
}

async function coordinatesOf(table: Table<RowSource>, context: LogisticContext): Promise<Coordinates> {
  const { features } = table;
  const featureMeans = await meansOf(features, table.sampleWeights);
  const span =
    isStored(features) || !isFittedInSpan(features.rowCount, features.columnCount)
      ? undefined
      : await spanOfRows(features, featureMeans, context.signal);
  if (span === undefined) return { table, means: featureMeans, span, featureMeans };
  const means = await meansOf(span.rows, table.sampleWeights);
  return { table: { ...table, features: span.rows }, means, span, featureMeans };
}

async function fitWhole(
  coordinates: Coordinates,
  options: LogisticOptions,
  context: LogisticContext,
): Promise<LogisticFit> {
  const { table, means, span, featureMeans } = coordinates;
  const classCount = table.classes.length;
  const result = await fitRows(coordinates, table, options, context);
  const seen = result.x.subarray(0, -classCount);
  const bias = new Float32Array(classCount);
  shiftBias(result.x.subarray(-classCount), seen, means, bias);
  if (span === undefined) return { ...result, weights: seen, bias };
  const weights = await span.expand(seen, classCount);
  // The span is that of centred rows: its intercepts are theirs too.
  shiftBias(Float64Array.from(bias), weights, featureMeans, bias);
  return { ...result, weights, bias };
}

function foldOf(coordinates: Coordinates, fold: Split, context: LogisticContext): LogisticFold {
  const { table, means } = coordinates;
  const classCount = table.classes.length;
  const train = takeTableRows(table, fold.train);
  const rowsOf = new Float64Array(classCount);
  train.labels.forEach((label, row) => {
    addAt(rowsOf, label, train.sampleWeights?.[row] ?? 1);
  });
  const absent = Array.from(rowsOf.keys()).filter((c) => rowsOf[c] === 0);
  return {
    fit: (options) => {
      const start = allocate((means.length + 1) * classCount, context);
      if (options.start !== undefined) start.set(options.start);
      // Never likely, such a class has no gradient, and stays where it is.
      for (const c of absent) {
        for (let i = c; i < start.length; i += classCount) start[i] = 0;
        start[means.length * classCount + c] = absentBias;
      }
      return fitRows(coordinates, train, { ...options, start }, context);
    },
    testScores: async (x) => {
      const seen = x.subarray(0, -classCount);
      const bias = new Float32Array(classCount);
      shiftBias(x.subarray(-classCount), seen, means, bias);
      for (const c of absent) bias[c] = Number.NEGATIVE_INFINITY;
      const weights = { rowCount: means.length, columnCount: classCount, data: Float32Array.from(seen) };
      const scores = new Float32Array(fold.test.length * classCount);
      const pass = rowPass(takeRows(table.features, fold.test));
      for await (const { start, ...block } of pass.blocks()) {
        const { data } = await multiply(block, weights, context);
        addRowVector(data, bias);
        for (let row = 0; row < block.rowCount; row++) {
          const place = pass.places?.[start + row] ?? start + row;
          scores.set(data.subarray(row * classCount, (row + 1) * classCount), place * classCount);
        }
      }
      return scores;
    },
    startForAll: (x) => {
      const start = x.slice();
      for (const c of absent) start[means.length * classCount + c] = 0;
      return start;
    },
  };
}

async function fitRows(
  coordinates: Coordinates,
  table: Table<RowSource>,
  options: LogisticOptions,
  context: LogisticContext,
): Promise<LbfgsResult> {
  const { means } = coordinates;
  const classCount = table.classes.length;
  const weightCount = means.length * classCount;
  // scikit-learn fits two classes by one vector v; here it is the pair v/2 and -v/2, whose squares sum to half.
  const strength = (classCount === 2 ? 2 : 1) / options.C;
  const problem = { table, means, strength };
  const objective = penalizedLoss(problem, context);
  const x = options.start ?? allocate(weightCount + classCount, context);
  const rule: Pick<LbfgsOptions, 'gradientTolerance' | 'sizeOf' | 'valueTolerance'> =
    options.tol === undefined || options.tol === null
      ? { gradientTolerance, valueTolerance: options.valueTolerance ?? defaultValueTolerance }
      : { ...meanGradientRule(coordinates, table, options.tol), valueTolerance: options.valueTolerance ?? 0 };
  const { features } = table;
  const descent: Descent =
    options.inSubspaces === false ||
    isStored(features) ||
    coordinates.span !== undefined ||
    !isFittedInSubspaces(means.length, classCount)
      ? { rounds: 0, evaluations: 0, standing: undefined }
      : await descendInSubspaces(
          { ...problem, features },
          objective,
          x,
          options.maxIterations - 1,
          (standing) => isNear(standing, options, rule),
          context,
        );
  const { standing, rounds } = descent;
  if (standing !== undefined && standing.left <= (options.mostLeft ?? 0)) {
    const { value, left } = standing;
    const known = { value, iterations: rounds, evaluations: descent.evaluations, left: left * value };
    return { x, ...known, gradientSize: largestMagnitude(standing.gradient), end: 'value', converged: true };
  }
  const result = await minimize(objective, x, {
    ...rule,
    curvature: strength,
    known: standing,
    maxIterations: options.maxIterations - rounds,
    valueError: lossError(table.labels.length),
    signal: context.signal,
    allocate: (length) => allocate(length, context),
    onIteration: (iteration, value, size) => options.onIteration?.(rounds + iteration, value, size),
  });
  return {
    ...result,
    iterations: rounds + result.iterations,
    evaluations: descent.evaluations + result.evaluations,
  };
}

/** Whether L-BFGS over all features has few steps left. */
async function isNear(
  { left, gradient }: Standing,
  { mostLeft = 0 }: LogisticOptions,
  { gradientTolerance, sizeOf, valueTolerance }: Pick<LbfgsOptions, 'gradientTolerance' | 'sizeOf' | 'valueTolerance'>,
): Promise<boolean> {
  if (left <= mostLeft) return true;
  if (left > nearLeft) return false;
  if (sizeOf === undefined) return left <= nearOften * valueTolerance;
  return left <= nearOften * valueTolerance || (await sizeOf(gradient, false)) <= nearGradient * gradientTolerance;
}

function allocate(length: number, { arena }: LogisticContext): Float64Array {
  return arena?.take(length) ?? new Float64Array(length);
}
