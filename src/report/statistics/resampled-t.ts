import type { Interval } from './interval.ts';
import { studentQuantile, studentTwoSided } from './student.ts';

interface ResampledTest {
  /** Mean difference, first minus second. */
  readonly difference: number;
  readonly interval: Interval;
  readonly t: number;
  readonly degrees: number;
  readonly p: number;
}

/**
 * The corrected resampled paired t-test (Nadeau and Bengio 2003, "Inference for the generalization error"): the
 * variance of the differences is multiplied by 1/k + test/train instead of 1/k, since the repeats' training sets overlap.
 *
 * @param differences one per repeat, first head minus second, at least two
 * @param trainSize training rows per repeat
 * @param testSize test rows per repeat
 */
export function correctedResampledTest(
  differences: readonly number[],
  trainSize: number,
  testSize: number,
): ResampledTest {
  const k = differences.length;
  const degrees = k - 1;
  const difference = differences.reduce((sum, d) => sum + d, 0) / k;
  const variance = differences.reduce((sum, d) => sum + (d - difference) ** 2, 0) / degrees;
  const error = Math.sqrt((1 / k + testSize / trainSize) * variance);
  // Rounding leaves a variance of about 1e-34 where all differences are the same number.
  const constant = error <= 1e-12 * Math.max(1, Math.abs(difference));
  const t = constant ? (Math.abs(difference) < 1e-12 ? 0 : Math.sign(difference) * Infinity) : difference / error;
  const half = constant ? 0 : studentQuantile(0.95, degrees) * error;
  return {
    difference,
    interval: { low: difference - half, high: difference + half },
    t,
    degrees,
    p: studentTwoSided(t, degrees),
  };
}

/**
 * 95 % interval of a mean over overlapping resamples, with the same correction: what one head's accuracy would be on
 * another split of data like these.
 */
export function correctedMeanInterval(values: readonly number[], trainSize: number, testSize: number): Interval {
  return correctedResampledTest(values, trainSize, testSize).interval;
}
