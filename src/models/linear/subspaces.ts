import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import { dot, largestMagnitude } from '../../numerics/lbfgs.kernel.ts';
import { lossError, minimize, type Objective } from '../../numerics/lbfgs.ts';
import { multiply } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import type { LossContext } from '../linear-loss.ts';
import { normalizeColumns, orthonormalizer, sideBySide } from './orthonormal.kernel.ts';
import { type PenalizedLoss, penalizedLoss } from './penalized-loss.ts';

/** The cost of a round grows with their number. */
const mostRounds = 6;
/** Share of the features: with more directions, a subspace costs as much as all features. */
const mostDirections = 0.5;
/** A round ends when its possible decrease is this share of that of all features before it. */
const leftOfRound = 0.003;
const mostSteps = 100;
/** With fewer classes a round adds too few directions, with more than this share of the features too many. */
const fewestClasses = 8;
const mostClasses = 0.25;
/** Square of the share of a column that must remain after projection on the others; less is rounding error. */
const leastSquare = 1e-8;

export function isFittedInSubspaces(dims: number, classCount: number): boolean {
  return classCount >= fewestClasses && classCount <= mostClasses * dims;
}

export function mostSubspaceDirections(dims: number, classCount: number): number {
  return Math.min(Math.floor(mostDirections * dims), (mostRounds + 1) * classCount);
}

/** Value and gradient of a point, and the largest share of the value by which it may still decrease. */
export interface Standing {
  readonly value: number;
  /** [dims * classes + classes] */
  readonly gradient: Float64Array;
  readonly left: number;
}

/** End of the rounds; `standing` is undefined if the end was not evaluated. */
export interface Descent {
  readonly rounds: number;
  readonly evaluations: number;
  readonly standing: Standing | undefined;
}

interface Subspace {
  /** Orthonormal: [dims, directions]. */
  readonly basis: Matrix64;
  /** [rows, directions] */
  readonly rows: Matrix;
}

/**
 * Minimizes in subspaces (Narkiss and Zibulevsky, 2005). The directions are the gradient's columns, one per class, and
 * those of earlier rounds; L-BFGS finds weights within them on the projected rows, which are far narrower than all
 * features. Each class may combine all directions, where a step of L-BFGS over all features has one length for all.
 *
 * @param x start; changed in place
 * @param isEnough called before each round with the number of earlier rounds
 * @throws InterruptedError if the signal is aborted
 */
export async function descendInSubspaces(
  problem: PenalizedLoss & { readonly features: Matrix },
  objective: Objective,
  x: Float64Array,
  maxRounds: number,
  isEnough: (standing: Standing, round: number) => Promise<boolean>,
  context: LossContext,
): Promise<Descent> {
  const { features, means, strength, table } = problem;
  const classCount = table.classes.length;
  const weightCount = x.length - classCount;
  const gradient = new Float64Array(x.length);
  const weights = x.subarray(0, weightCount);
  const asMatrix = (data: Float64Array): Matrix64 => ({ rowCount: means.length, columnCount: classCount, data });
  const most = mostSubspaceDirections(means.length, classCount);
  const isStart = largestMagnitude(weights) === 0;
  let space = isStart ? undefined : await widened(undefined, asMatrix(weights.slice()), features, context);
  let round = 0;
  while (round < Math.min(mostRounds, maxRounds) && (space?.basis.columnCount ?? 0) + classCount <= most) {
    const value = await objective(x, gradient);
    const slopes = gradient.subarray(0, weightCount);
    const left = dot(slopes, slopes) / (2 * strength * value);
    const standing = { value, gradient, left };
    if (await isEnough(standing, round)) return { rounds: round, evaluations: round + 1, standing };
    round++;
    await pauseForInterrupt(context.signal);
    space = await widened(space, asMatrix(slopes.slice()), features, context);
    const { basis, rows } = space;
    const ownMeans = await gemm64('transposeLeft', basis, { rowCount: means.length, columnCount: 1, data: means }, 1);
    const own = { table: { ...table, features: rows }, means: ownMeans.data, strength };
    const start = await gemm64('transposeLeft', basis, asMatrix(weights), 1);
    const point = new Float64Array(start.data.length + classCount);
    point.set(start.data);
    point.set(x.subarray(weightCount), start.data.length);
    await minimize(penalizedLoss(own, context), point, {
      maxIterations: mostSteps,
      gradientTolerance: 0,
      valueTolerance: leftOfRound * Math.min(1, left),
      valueError: lossError(table.labels.length),
      curvature: strength,
      signal: context.signal,
    });
    const found = { ...start, data: point.subarray(0, start.data.length) };
    weights.set((await gemm64('plain', basis, found, 1)).data);
    x.set(point.subarray(start.data.length), weightCount);
  }
  return { rounds: round, evaluations: round, standing: undefined };
}

async function widened(
  space: Subspace | undefined,
  columns: Matrix64,
  features: Matrix,
  context: LossContext,
): Promise<Subspace> {
  const added = await newDirections(columns, space?.basis);
  const seen = await multiply(features, { ...added, data: Float32Array.from(added.data) }, context);
  if (space === undefined) return { basis: added, rows: seen };
  const { basis, rows } = space;
  const columnCount = basis.columnCount + added.columnCount;
  const both = <V extends Float32Array | Float64Array>(out: V, left: V, right: V): V =>
    sideBySide(out, left, basis.columnCount, right, added.columnCount);
  return {
    basis: {
      ...basis,
      columnCount,
      data: both(new Float64Array(basis.rowCount * columnCount), basis.data, added.data),
    },
    rows: { ...rows, columnCount, data: both(new Float32Array(rows.rowCount * columnCount), rows.data, seen.data) },
  };
}

/**
 * Orthonormal columns that, together with those of `basis`, span `columns`; on one thread.
 *
 * @param columns [rows, any number]; changed
 * @param basis orthonormal columns
 * @returns [rows, rank], orthogonal to `basis`
 */
export async function newDirections(columns: Matrix64, basis: Matrix64 | undefined): Promise<Matrix64> {
  let rest = columns;
  normalizeColumns(rest.data, rest.columnCount);
  if (basis !== undefined) {
    // Twice is enough (Giraud, Langou and others, 2005).
    for (let time = 0; time < 2; time++) {
      const parts = await gemm64('transposeLeft', basis, rest, 1);
      rest = await gemm64('plain', basis, parts, 1, { from: rest });
    }
  }
  const gram = await gemm64('transposeLeft', rest, rest, 1);
  const size = rest.columnCount;
  const turn = orthonormalizer(gram.data, size, leastSquare);
  return gemm64('plain', rest, { rowCount: size, columnCount: turn.length / size, data: turn }, 1);
}
