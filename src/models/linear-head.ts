import { largestPerRow } from '../metrics/metrics.kernel.ts';
import { transpose } from '../numerics/arrays.kernel.ts';
import { addRowVector, softmaxRows } from '../numerics/linear-loss.kernel.ts';
import { multiply } from '../numerics/matmul.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import { checkFeatures, savedArray } from './checks.ts';
import { fittedHead } from './fitted-head.ts';
import { lossBlockRows } from './linear-loss.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';
import type { FittedHead, Json, LinearScores, SavedHead } from './model.ts';

/** A fitted linear softmax model of any solver. */
interface SoftmaxFit {
  /** Default: `linear`. */
  readonly model?: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly classes: readonly string[];
  readonly dims: number;
  /** [dims, classes] */
  readonly weights: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
  /** Inverse temperature of the softmax: 1 except for a calibrated SVM. */
  readonly inverseTemperature?: number;
  readonly converged: boolean;
  readonly iterations: number;
  readonly warnings: readonly string[];
  readonly details: Readonly<Record<string, Json>>;
  readonly threads: number;
}

/**
 * Score of a class without training rows, whose probability is 0. Finite, so that exported heads contain no infinity.
 */
export const absentBias = -1e30;

/**
 * Weights for all classes from those of the present classes; the same arrays if all are present and float32.
 *
 * @param weights [dims, present]
 * @param bias [present]
 * @param present class number of each
 */
export function withAbsentClasses(
  weights: ArrayLike<number>,
  bias: ArrayLike<number>,
  present: Int32Array,
  dims: number,
  classCount: number,
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const complete = present.length === classCount;
  if (complete && weights instanceof Float32Array && bias instanceof Float32Array) return { weights, bias };
  const all = { weights: new Float32Array(dims * classCount), bias: new Float32Array(classCount).fill(absentBias) };
  present.forEach((c, i) => {
    all.bias[c] = valueAt(bias, i);
    for (let d = 0; d < dims; d++) all.weights[d * classCount + c] = weights[d * present.length + i] as number;
  });
  return all;
}

export function softmaxHead(fit: SoftmaxFit): FittedHead {
  const { classes, dims, model = 'linear', inverseTemperature = 1 } = fit;
  const weights: Matrix = { rowCount: dims, columnCount: classes.length, data: fit.weights };
  return fittedHead({
    model,
    solver: fit.solver,
    params: fit.params,
    classes,
    dims,
    converged: fit.converged,
    iterations: fit.iterations,
    warnings: fit.warnings,
    details: fit.details,
    calibrated: inverseTemperature !== 1,
    predictBoth: async (features, options) => {
      checkFeatures(features, dims, model);
      const context = { threads: fit.threads, signal: options?.signal };
      const probabilities = await multiply(features, weights, context, options?.into);
      addRowVector(probabilities.data, fit.bias);
      // Of the scores: a low temperature makes the largest probabilities equal, a high one all of them.
      const predicted = largestPerRow(probabilities.data, classes.length);
      softmaxRows(probabilities.data, classes.length, options?.uncalibrated === true ? 1 : inverseTemperature);
      return { predicted, probabilities };
    },
    savedDetails: { ...fit.details, converged: fit.converged, iterations: fit.iterations },
    arrays: () => ({
      weights: { shape: [dims, classes.length], data: fit.weights },
      bias: { shape: [classes.length], data: fit.bias },
    }),
  });
}

/** @throws UserError if an array is missing or has the wrong shape */
export function loadLinear(saved: SavedHead): FittedHead {
  const classCount = saved.classes.length;
  const { converged, iterations, ...details } = saved.details;
  return softmaxHead({
    model: saved.model,
    inverseTemperature: typeof details['slope'] === 'number' ? details['slope'] : 1,
    solver: saved.solver,
    params: saved.params,
    classes: saved.classes,
    dims: saved.dims,
    weights: savedArray(saved, 'weights', Float32Array, [saved.dims, classCount]),
    bias: savedArray(saved, 'bias', Float32Array, [classCount]),
    converged: converged === true,
    iterations: typeof iterations === 'number' ? iterations : 0,
    warnings: [],
    details,
    threads: 1,
  });
}

/** `LinearScores` of a head saved as weights [dims, classes] and a bias [classes]. */
export async function savedLinearScores(saved: SavedHead): Promise<LinearScores> {
  const { dims, classes } = saved;
  const weights = savedArray(saved, 'weights', Float32Array, [dims, classes.length]);
  const byClass = transpose(weights, dims, classes.length, new Float64Array(weights.length));
  return { weights: byClass, bias: Float64Array.from(savedArray(saved, 'bias', Float32Array, [classes.length])) };
}

/** Suggestion if the rows do not fit in memory, for heads fitted by gradients of a linear loss. */
export const lighter = '--model linear --stream, which reads the rows from the disk';

/** Memory for ONNX Runtime's [block rows, classes] arrays. */
export function scoresNeed({ trainRows, dims, classes }: FitSize): MemoryPart {
  return { what: 'scores', bytes: 4 * 6 * classes * Math.min(trainRows, lossBlockRows(dims, classes)) };
}
