import type { Report } from '../classify/result/report.ts';
import { type Interval, wilson } from './statistics/interval.ts';
import { correctedMeanInterval } from './statistics/significance.ts';

/** `1,000` */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `75.9 %`: one decimal, enough for test sets of up to some thousand images. */
export function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

/** Seconds with a precision that suits their size. */
export function seconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** `p = 0.58`, `p = 0.004`, `p < 0.001`. */
export function pValue(p: number): string {
  if (p < 0.001) return 'p < 0.001';
  return `p = ${p < 0.1 ? p.toFixed(3) : p.toFixed(2)}`;
}

/** Standard deviation of the accuracy over the repeats (n - 1 in the denominator); undefined with one repeat. */
export function accuracyDeviation(report: Report): number | undefined {
  const values = report.perRepeat.map((repeat) => repeat.accuracy);
  if (values.length < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/**
 * 95 % interval of a report's accuracy: Wilson's over the test images of one split; over repeats, whose training sets
 * overlap, the corrected resampled t interval of the mean.
 */
export function accuracyInterval(report: Report): Interval {
  const { perRepeat, trainSize, testSize } = report;
  if (perRepeat.length === 1) return wilson(Math.round(report.accuracy * testSize), testSize);
  const { low, high } = correctedMeanInterval(
    perRepeat.map((repeat) => repeat.accuracy),
    trainSize,
    testSize,
  );
  return { low: Math.max(0, low), high: Math.min(1, high) };
}
