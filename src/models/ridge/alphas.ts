import { meanOfDiagonals } from './block-tridiagonal.kernel.ts';

/** Columns of the scores of several alphas that are computed at once, so that memory does not grow with the classes. */
const mostColumns = 2048;
/** Decades around the mean eigenvalue, in half steps, that `auto` tries. */
const autoDecades = { from: -4, to: 3, step: 0.5 } as const;

/**
 * The penalties to try, those of `auto` around the mean eigenvalue of the matrix with these blocks on its diagonal.
 *
 * @param few too few rows can tell them apart: the one nearest to the mean eigenvalue is taken
 */
export function alphaList(
  alphas: readonly number[] | 'auto',
  diagonal: readonly Float64Array[],
  few: boolean,
): readonly number[] {
  // The trace is the sum of the eigenvalues; constant features leave none.
  const scale = meanOfDiagonals(diagonal) || 1;
  const distance = (alpha: number): number => Math.abs(Math.log(alpha / scale));
  if (alphas !== 'auto') return few ? alphas.toSorted((a, b) => distance(a) - distance(b)).slice(0, 1) : alphas;
  if (few) return [scale];
  const count = Math.round((autoDecades.to - autoDecades.from) / autoDecades.step) + 1;
  return Array.from({ length: count }, (_, i) => scale * 10 ** (autoDecades.from + i * autoDecades.step));
}

/** As many penalties at a time as their classes fit into columns of one product. */
export function groupsOf(penalties: readonly number[], classCount: number): readonly (readonly number[])[] {
  const each = Math.max(1, Math.floor(mostColumns / classCount));
  return Array.from({ length: Math.ceil(penalties.length / each) }, (_, g) =>
    penalties.slice(g * each, (g + 1) * each),
  );
}
