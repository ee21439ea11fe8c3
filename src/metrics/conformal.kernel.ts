import { rankedClasses } from './metrics.kernel.ts';

/**
 * Prediction sets by split conformal prediction with the scores of RAPS (Angelopoulos, Bates, Malik and Jordan, 2021,
 * "Uncertainty Sets for Image Classifiers using Conformal Prediction"): the probability of all classes that rank before
 * the one in question, and a penalty for every rank past the fifth. Without the random term, so that sets are
 * deterministic; the predicted class ranks first, scores 0 and is in every set, so the coverage is slightly higher than
 * requested. With up to five classes it is APS (Romano, Sesia and Candès, 2020).
 */

/** Both as in the notebook of Angelopoulos and Bates, 2021, "A Gentle Introduction to Conformal Prediction". */
const rapsPenalty = 0.01;
const rapsFreeRanks = 5;

/** Default coverage of `predict --abstain`, and of a report's figures per class. */
export const usualCoverage = 0.95;

/**
 * Conformal scores of the true classes, low if ranked first.
 *
 * @param logs log probabilities, or scores of a softmax: [labels.length, classes]
 * @param inverse temperature: probabilities are softmax(inverse * logs)
 * @param predicted class of each row; default: the most probable one
 */
export function conformalScores(
  logs: Float32Array,
  classCount: number,
  labels: Int32Array,
  inverse: number,
  predicted?: Int32Array,
): Float64Array {
  const shares = new Float64Array(classCount);
  return Float64Array.from(labels, (label, row) => {
    const first = predicted?.[row];
    if (first === label) return 0;
    const own = logs.subarray(row * classCount, (row + 1) * classCount);
    const largest = own.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (let c = 0; c < classCount; c++) {
      shares[c] = Math.exp(inverse * (own[c] - largest));
      sum += shares[c];
    }
    let before = 0;
    let rank = 1;
    for (let c = 0; c < classCount; c++) {
      const [share, truth] = [shares[c], shares[label]];
      const ranksBefore = c === first || share > truth || (share === truth && c < label);
      if (!ranksBefore) continue;
      before += share / sum;
      rank++;
    }
    return before + penalty(rank);
  });
}

/**
 * Largest score in a prediction set: the ceil((n + 1) * coverage)-th smallest of n calibration scores; infinite if n is
 * too small for the coverage: the set then contains every class.
 *
 * @param sorted scores, smallest first
 */
export function conformalThreshold(sorted: ArrayLike<number>, coverage: number): number {
  // Treats 0.55 * 100 = 55.00000000000001 as 55.
  const place = Math.ceil((sorted.length + 1) * coverage - 1e-9);
  return sorted[Math.max(1, place) - 1] ?? Number.POSITIVE_INFINITY;
}

/** The ranked classes of a photo and their non-decreasing scores. */
export function rankedScores(
  probabilities: Float32Array,
  predicted: number,
): {
  readonly order: readonly number[];
  readonly scores: Float64Array;
} {
  const order = rankedClasses(probabilities, predicted);
  let before = 0;
  const scores = Float64Array.from(order, (c, i) => {
    const score = before + penalty(i + 1);
    before += probabilities[c];
    return score;
  });
  return { order, scores };
}

/** How many of the scores, smallest first, are within the threshold. */
export function setSize(scores: Float64Array, threshold: number): number {
  const beyond = scores.findIndex((score) => score > threshold);
  return beyond < 0 ? scores.length : beyond;
}

/** The ranked classes of a photo whose scores are within the threshold. */
export function conformalSet(probabilities: Float32Array, predicted: number, threshold: number): readonly number[] {
  const { order, scores } = rankedScores(probabilities, predicted);
  return order.slice(0, setSize(scores, threshold));
}

function penalty(rank: number): number {
  return rapsPenalty * Math.max(0, rank - rapsFreeRanks);
}

/** Accuracy if a head only answers the photos it is most certain of. */
export interface RiskPoint {
  /** Share of the photos that are answered. */
  readonly answered: number;
  readonly accuracy: number;
  /** Smallest probability of the predicted class among them. */
  readonly probability: number;
}

/** The risk/coverage curve (El-Yaniv and Wiener, 2010) at tenths of the photos. */
export function riskCoverage(probabilities: ArrayLike<number>, right: ArrayLike<boolean | number>): RiskPoint[] {
  const order = Array.from({ length: probabilities.length }, (_, row) => row).sort(
    (a, b) => probabilities[b] - probabilities[a],
  );
  const counts = Array.from({ length: 10 }, (_, i) => Math.ceil(((i + 1) * order.length) / 10));
  return [...new Set(counts)]
    .filter((count) => count > 0)
    .map((count) => ({
      answered: count / order.length,
      accuracy: order.slice(0, count).filter((row) => right[row]).length / count,
      probability: probabilities[order[count - 1]],
    }));
}
