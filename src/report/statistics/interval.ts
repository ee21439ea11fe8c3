export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Standard normal quantile at 0.975; scipy.stats.norm.ppf(0.975). */
export const z95 = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a proportion (Wilson 1927); statsmodels' `proportion_confint(method='wilson')`.
 * Right for small counts and for shares near 0 and 1, where the textbook ± is not.
 */
export function wilson(successes: number, trials: number): Interval {
  if (trials === 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const z2 = z95 * z95;
  const centre = share + z2 / (2 * trials);
  const half = z95 * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}
