import { largestPerRow } from '../metrics/metrics.kernel.ts';
import { transpose } from '../numerics/arrays.kernel.ts';
import { addRowVector, softmaxRows } from '../numerics/linear-loss.kernel.ts';
import { multiply } from '../numerics/matmul.ts';
import { valueAt } from '../system/at.ts';
import { checkFeatures, savedArray } from './checks.ts';
import { fittedHead, savedFacts } from './fitted-head.ts';
import { type LinearState, lossBlockRows } from './linear-loss.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';
import type { FitFacts, FittedHead, LinearScores, SavedHead } from './model.ts';

interface SoftmaxFit extends FitFacts {
  /** [dims, classes] */
  readonly weights: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
  /** Inverse temperature of the softmax: 1 except for a calibrated SVM. */
  readonly inverseTemperature?: number;
  readonly threads: number;
}

/** Score of a class without training rows, whose probability is 0. Finite, so that exported heads contain no infinity. */
export const absentBias = -1e30;

/**
 * Weights for all classes from those of the present classes; the same arrays if all are present and float32.
 *
 * @param weights [dims, present]
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

/** A fitted linear softmax model of any solver. */
export function softmaxHead({ weights, bias, inverseTemperature = 1, threads, ...facts }: SoftmaxFit): FittedHead {
  const { model, classes, dims, details, converged, iterations } = facts;
  const matrix = { rowCount: dims, columnCount: classes.length, data: weights };
  return fittedHead({
    ...facts,
    calibrated: inverseTemperature !== 1,
    predictBoth: async (features, options) => {
      checkFeatures(features, dims, model);
      const probabilities = await multiply(features, matrix, { threads, signal: options?.signal }, options?.into);
      addRowVector(probabilities.data, bias);
      // Of the scores: a low temperature makes the largest probabilities equal, a high one all of them.
      const predicted = largestPerRow(probabilities.data, classes.length);
      softmaxRows(probabilities.data, classes.length, options?.uncalibrated === true ? 1 : inverseTemperature);
      return { predicted, probabilities };
    },
    savedDetails: { ...details, converged, iterations },
    arrays: () => ({
      weights: { shape: [dims, classes.length], data: weights },
      bias: { shape: [classes.length], data: bias },
    }),
  });
}

/** @throws UserError if an array is missing or has the wrong shape */
export function loadLinear(saved: SavedHead): FittedHead {
  const facts = savedFacts(saved);
  const slope = facts.details['slope'];
  const inverseTemperature = typeof slope === 'number' ? slope : 1;
  return softmaxHead({ ...facts, ...savedWeights(saved), inverseTemperature, threads: 1 });
}

/** The arrays of a saved linear model: weights [dims, classes] and bias [classes]. */
export function savedWeights(saved: SavedHead): LinearState {
  const classCount = saved.classes.length;
  return {
    weights: savedArray(saved, 'weights', Float32Array, [saved.dims, classCount]),
    bias: savedArray(saved, 'bias', Float32Array, [classCount]),
  };
}

/** `LinearScores` of a saved linear model. */
export async function savedLinearScores(saved: SavedHead): Promise<LinearScores> {
  const { weights, bias } = savedWeights(saved);
  const byClass = transpose(weights, saved.dims, bias.length, new Float64Array(weights.length));
  return { weights: byClass, bias: Float64Array.from(bias) };
}

/** Suggestion if the rows do not fit in memory, for heads fitted by gradients of a linear loss. */
export const lighter = '--model linear --stream, which reads the rows from the disk';

/** Memory for ONNX Runtime's [block rows, classes] arrays. */
export function scoresNeed({ trainRows, dims, classes }: FitSize): MemoryPart {
  return { what: 'scores', bytes: 4 * 6 * classes * Math.min(trainRows, lossBlockRows(dims, classes)) };
}
