import { logGamma } from './distributions.kernel.ts';

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
