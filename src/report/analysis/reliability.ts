import type { Prediction } from '../../classify/result/predictions.ts';

interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly accuracy: number;
  readonly meanConfidence: number;
}

export interface Reliability {
  readonly bins: readonly ReliabilityBin[];
  /** Expected calibration error: mean over the predictions of |accuracy - confidence| of their bin (Guo et al. 2017). */
  readonly expectedError: number;
}

/** Reliability by bins of equal width over the confidence; scikit-learn's `calibration_curve(strategy='uniform')`. */
export function reliability(predictions: readonly Prediction[], binCount = 10): Reliability {
  const bins = Array.from({ length: binCount }, () => ({ count: 0, right: 0, confidence: 0 }));
  for (const { probability, predictedClass, trueClass } of predictions) {
    // Edges belong to the bin below, as in scikit-learn.
    const bin = bins[Math.min(binCount - 1, Math.max(0, Math.ceil(probability * binCount) - 1))];
    if (bin === undefined) continue;
    bin.count++;
    bin.confidence += probability;
    if (predictedClass === trueClass) bin.right++;
  }
  const filled = bins
    .map(({ count, right, confidence }, i) => ({
      low: i / binCount,
      high: (i + 1) / binCount,
      count,
      accuracy: right / count,
      meanConfidence: confidence / count,
    }))
    .filter(({ count }) => count > 0);
  const error = filled.reduce((sum, bin) => sum + bin.count * Math.abs(bin.accuracy - bin.meanConfidence), 0);
  return { bins: filled, expectedError: predictions.length === 0 ? 0 : error / predictions.length };
}
