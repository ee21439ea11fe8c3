import { incompleteBeta } from './distributions.kernel.ts';

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
