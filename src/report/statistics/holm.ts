import { valueAt } from '../../system/at.ts';

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
