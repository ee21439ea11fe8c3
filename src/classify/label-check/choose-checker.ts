import type { Report } from '../result/report.ts';

/** Models from the cheapest to fit to the dearest, by seconds on 1,000 and on 9,199 rows of 2,048 features. */
const byCost = ['knn', 'svm', 'ridge', 'forest', 'linear', 'mlp'] as const;

/**
 * The cheapest good head: of those within one standard error of the best accuracy the first by what such heads cost.
 * Costs are ranks, not seconds of this run: the same run chooses the same head on any machine.
 *
 * @param reports not empty
 */
export function chooseChecker(reports: readonly Report[]): Report {
  const best = reports.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const rows = best.testSize * best.perRepeat.length;
  const error = Math.sqrt((best.accuracy * (1 - best.accuracy)) / rows);
  const good = reports.filter((report) => report.accuracy >= best.accuracy - error);
  return good.reduce((a, b) => (cost(b) < cost(a) ? b : a));
}

function cost({ model }: Report): number {
  const place = (byCost as readonly string[]).indexOf(model);
  return place < 0 ? byCost.length : place;
}
