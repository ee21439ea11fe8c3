import { valueAt } from '../../system/at.ts';
import { incompleteBeta, logGamma } from './distributions.kernel.ts';
import type { Interval } from './interval.ts';

/**
 * McNemar's test of two heads on the same images, from the two counts that differ.
 *
 * `exact` doubles the binomial tail (statsmodels' `mcnemar(exact=True)`). `midP` counts the observed
 * outcome by half on each side; it keeps its level and is the less conservative of the two
 * (Fagerland, Lydersen and Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are
 * better than exact conditional").
 *
 * @param onlyFirst images that the first head alone has right
 * @param onlySecond images that the second head alone has right
 */
export function mcnemar(onlyFirst: number, onlySecond: number): { readonly exact: number; readonly midP: number } {
  const n = onlyFirst + onlySecond;
  if (n === 0) return { exact: 1, midP: 1 };
  const smaller = Math.min(onlyFirst, onlySecond);
  let tail = 0;
  for (let k = 0; k <= smaller; k++) tail += binomialHalf(n, k);
  return { exact: Math.min(1, 2 * tail), midP: Math.min(1, 2 * tail - binomialHalf(n, smaller)) };
}

/** Probability of k heads in n throws of a fair coin. */
function binomialHalf(n: number, k: number): number {
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
}

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

/** Two-sided p-value of Student's t with `degrees` degrees of freedom; scipy.stats.t.sf(|t|, degrees) * 2. */
export function studentTwoSided(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return 0;
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** The t that leaves (1 - level) / 2 in each tail; scipy.stats.t.ppf((1 + level) / 2, degrees). */
export function studentQuantile(level: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (studentTwoSided(high, degrees) > 1 - level) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, degrees) > 1 - level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Holm's adjustment of p-values for several comparisons at once (Holm 1979); statsmodels'
 * `multipletests(method='holm')`. In the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => valueAt(pValues, a) - valueAt(pValues, b));
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * valueAt(pValues, index)));
    adjusted[index] = largest;
  });
  return adjusted;
}
