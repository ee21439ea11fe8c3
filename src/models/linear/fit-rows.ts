import type { Arena } from '../../numerics/arena.ts';
import { largestMagnitude } from '../../numerics/lbfgs.kernel.ts';
import { type LbfgsOptions, type LbfgsResult, lossError, minimize } from '../../numerics/lbfgs.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { meanGradientRule } from './mean-gradient.ts';
import { penalizedLoss } from './penalized-loss.ts';
import type { RowSpan } from './row-span.ts';
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

/** Where the steps are taken: the features as they stand, or turned into the span of their rows. */
export interface Coordinates {
  readonly table: Table<RowSource>;
  /** Means of the features that the steps see. */
  readonly means: Float64Array;
  /** Weights and gradients for the centred features themselves. */
  readonly span: RowSpan | undefined;
  /** Means of the features themselves. */
  readonly featureMeans: Float64Array;
}

/** Where a fit ended; `iterations` counts the rounds in subspaces too. */
export interface RowsFit extends LbfgsResult {
  readonly rounds: number;
}

/**
 * Fits rows in the coordinates of a table that they are part of.
 *
 * @throws InterruptedError when the signal is aborted
 */
export async function fitRows(
  coordinates: Coordinates,
  table: Table<RowSource>,
  options: LogisticOptions,
  context: LogisticContext,
): Promise<RowsFit> {
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
          async (standing, round) => {
            if (round > 0 && options.onIteration !== undefined) {
              const { value, gradient } = standing;
              const size = rule.sizeOf === undefined ? largestMagnitude(gradient) : await rule.sizeOf(gradient, false);
              options.onIteration(round, value, size);
            }
            return isNear(standing, options, rule);
          },
          context,
        );
  const { standing, rounds } = descent;
  if (standing !== undefined && standing.left <= (options.mostLeft ?? 0)) {
    const { value, left } = standing;
    const known = { value, rounds, iterations: rounds, evaluations: descent.evaluations, left: left * value };
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
    rounds,
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

/** Zeros, in the arena where there is one. */
export function allocate(length: number, { arena }: LogisticContext): Float64Array {
  return arena?.take(length) ?? new Float64Array(length);
}
