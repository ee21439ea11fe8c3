import type { Prediction } from '../classify/result/predictions.ts';
import type { RepeatResult, Report } from '../classify/result/report.ts';
import { valueAt } from '../system/at.ts';
import { counted } from '../system/printable.ts';
import { ShapeError } from './json-shape.ts';

/** Tolerance for reports written by hand with rounded means. */
const rounding = 1e-4;

/**
 * Checks that the parts of a report are consistent, so that no figures of other rows or classes are ranked or plotted.
 *
 * @throws ShapeError naming the first inconsistent field
 */
export function checkFit(report: Report): void {
  const { classes, perClass, perRepeat, confusion } = report;
  classes.forEach((name, c) => {
    if (classes.indexOf(name) !== c) throw new ShapeError(`classes[${c}]`, name, 'every class once');
    if (perClass[c]?.name !== name)
      throw new ShapeError(`perClass[${c}].name`, perClass[c]?.name, JSON.stringify(name));
    const tested = sum(valueAt(confusion, c));
    if (perClass[c]?.support !== tested) {
      throw new ShapeError(`perClass[${c}].support`, perClass[c]?.support, `${tested}, as confusion[${c}] sums to`);
    }
  });
  for (const [r, repeat] of perRepeat.entries()) checkRows(repeat, `perRepeat[${r}]`, r);
  const tested = sum(perRepeat.map(({ test }) => test.length));
  const counted = sum(confusion.map(sum));
  if (counted !== tested)
    throw new ShapeError('confusion', counted, `${tested} answers, as the repeats have test rows`);
  const right = sum(perRepeat.map(({ accuracy, test }) => accuracy * test.length));
  const onDiagonal = sum(confusion.map((row, c) => valueAt(row, c)));
  if (Math.abs(right - onDiagonal) > 0.5) {
    throw new ShapeError('perRepeat', right, `${onDiagonal} right answers, as the confusion matrix counts`);
  }
  for (const name of ['accuracy', 'top5Accuracy', 'logLoss', 'macroF1', 'balancedAccuracy'] as const) {
    const mean = sum(perRepeat.map((repeat) => repeat[name])) / perRepeat.length;
    if (!(Math.abs(report[name] - mean) <= rounding * Math.max(1, Math.abs(mean)))) {
      throw new ShapeError(name, report[name], `${mean}, the mean of the repeats`);
    }
  }
}

/** Checks that no row is listed twice, or both trained on and tested. */
function checkRows({ repeat, train, test }: RepeatResult, at: string, place: number): void {
  if (repeat !== place) throw new ShapeError(`${at}.repeat`, repeat, String(place));
  const seen = new Set<number>();
  for (const [side, rows] of Object.entries({ train, test })) {
    rows.forEach((row, i) => {
      if (seen.has(row)) throw new ShapeError(`${at}.${side}[${i}]`, row, 'every row once, in train or in test');
      seen.add(row);
    });
  }
}

/** Checks that predictions belong to a report: a line for every test row of every repeat, with known classes. */
export function checkPredictions(predictions: readonly Prediction[], report: Report): void {
  const classes = new Set(report.classes);
  const counts = report.perRepeat.map(() => 0);
  predictions.forEach(({ repeat, trueClass, predictedClass, top = [] }, i) => {
    const at = `line ${i + 2}`;
    if (counts[repeat] === undefined) throw new ShapeError(at, repeat, `a repeat below ${counts.length}`);
    counts[repeat]++;
    for (const name of [trueClass, predictedClass, ...top.map((each) => each.name)]) {
      if (!classes.has(name)) throw new ShapeError(at, name, 'a class of the report');
    }
  });
  report.perRepeat.forEach(({ test }, r) => {
    if (counts[r] !== test.length)
      throw new ShapeError(`repeat ${r}`, counts[r], `${counted(test.length, 'line')}, one per test row`);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
