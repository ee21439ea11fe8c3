import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import { dot, largestMagnitude } from '../../numerics/lbfgs.kernel.ts';
import { lossError, minimize, type Objective } from '../../numerics/lbfgs.ts';
import { multiply } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import type { LossContext } from '../linear-loss.ts';
import { sideBySide } from './orthonormal.kernel.ts';
import { newDirections } from './orthonormal.ts';
import { type PenalizedLoss, penalizedLoss } from './penalized-loss.ts';

/** Rounds at most: what a subspace costs grows with each. */
const mostRounds = 6;
/** Directions at most, as a share of the features: with more a subspace costs what all features do. */
const mostDirections = 0.5;
/** A round ends where it has as little left to win as this share of what all features had before it. */
const leftOfRound = 0.003;
const mostSteps = 100;
/** With fewer classes a round adds too few directions, with more of them too many for the features. */
const fewestClasses = 8;
const mostClasses = 0.25;

/** Whether rows in memory are first fitted in subspaces. */
export function isFittedInSubspaces(dims: number, classCount: number): boolean {
  return classCount >= fewestClasses && classCount <= mostClasses * dims;
}

/** Directions of the last subspace at most. */
export function mostSubspaceDirections(dims: number, classCount: number): number {
  return Math.min(Math.floor(mostDirections * dims), (mostRounds + 1) * classCount);
}

/** Where a fit stands: its value, its gradient, and the share of the value that is left to win at most. */
export interface Standing {
  readonly value: number;
  /** [dims * classes + classes] */
  readonly gradient: Float64Array;
  readonly left: number;
}

/** Where the rounds ended, and how many there were; `standing` is undefined where that was not evaluated. */
export interface Descent {
  readonly rounds: number;
  readonly evaluations: number;
  readonly standing: Standing | undefined;
}

/** Rows seen along some directions of the features. */
interface Subspace {
  /** Orthonormal: [dims, directions]. */
  readonly basis: Matrix64;
  /** [rows, directions] */
  readonly rows: Matrix;
}

/**
 * Goes down in subspaces (Narkiss and Zibulevsky, 2005): the gradient's columns, one for each class, and those of the rounds
 * before are directions of the features; weights made of them are found by L-BFGS over the rows as those directions see
 * them, which are far narrower. Any class may take any share of any direction, where a step of L-BFGS over all features
 * takes one number for all.
 *
 * @param problem its features are in memory
 * @param x where to start, changed in place
 * @param isEnough asked before each round, with the number of rounds before it
 * @throws InterruptedError if the signal is aborted
 */
export async function descendInSubspaces(
  problem: PenalizedLoss & { readonly features: Matrix },
  objective: Objective,
  x: Float64Array,
  maxRounds: number,
  isEnough: (standing: Standing, round: number) => boolean | Promise<boolean>,
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

/** The same subspace with more directions. */
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
