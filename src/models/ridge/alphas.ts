import { meanOfDiagonals } from './block-tridiagonal.kernel.ts';

/** Columns of scores computed at once, to bound memory. */
const mostColumns = 2048;
/** Range of `auto` around the mean eigenvalue, in decades. */
const autoDecades = { from: -4, to: 3, step: 0.5 } as const;

/**
 * The penalties to try; those of `auto` around the mean eigenvalue of the matrix.
 *
 * @param few whether there are too few rows to compare penalties: the one nearest to the mean eigenvalue is taken
 */
export function alphaList(
  alphas: readonly number[] | 'auto',
  diagonal: readonly Float64Array[],
  few: boolean,
): readonly number[] {
  // The trace is the sum of the eigenvalues, 0 for constant features.
  const scale = meanOfDiagonals(diagonal) || 1;
  const distance = (alpha: number): number => Math.abs(Math.log(alpha / scale));
  if (alphas !== 'auto') return few ? alphas.toSorted((a, b) => distance(a) - distance(b)).slice(0, 1) : alphas;
  if (few) return [scale];
  const count = Math.round((autoDecades.to - autoDecades.from) / autoDecades.step) + 1;
  return Array.from({ length: count }, (_, i) => scale * 10 ** (autoDecades.from + i * autoDecades.step));
}

/** Groups of penalties that fit in the columns of one product. */
export function groupsOf(penalties: readonly number[], classCount: number): readonly (readonly number[])[] {
  const each = Math.max(1, Math.floor(mostColumns / classCount));
  return Array.from({ length: Math.ceil(penalties.length / each) }, (_, g) =>
    penalties.slice(g * each, (g + 1) * each),
  );
}
