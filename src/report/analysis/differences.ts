import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import { pValue } from '../figures.ts';
import type { Interval } from '../statistics/interval.ts';
import { correctedResampledTest, holm, mcnemar } from '../statistics/significance.ts';
import type { Run } from './run.ts';

/** Significance level. */
const level = 0.05;

/** Test of two heads on the same test images; `first` has the higher accuracy. */
export interface HeadDifference {
  readonly first: string;
  readonly second: string;
  /** Accuracy of the first minus the second's. */
  readonly difference: number;
  readonly test: 'McNemar, mid-p' | 'corrected resampled t';
  /** Before adjustment. */
  readonly p: number;
  /** Adjusted by Holm's method for all pairs of the group. */
  readonly adjustedP: number;
  readonly distinguishable: boolean;
  /** Significant only without the adjustment. */
  readonly doubtful: boolean;
  /** One sentence. */
  readonly words: string;
}

interface TestedPair {
  readonly first: Run;
  readonly second: Run;
  readonly difference: number;
  readonly test: HeadDifference['test'];
  readonly p: number;
  /** With one repeat: numbers of images that only one of the heads has right. */
  readonly counts?: { readonly onlyFirst: number; readonly onlySecond: number };
  /** With several repeats: 95 % interval of the difference. */
  readonly interval?: Interval;
}

/**
 * Tests every pair of runs: McNemar's mid-p on the images of a single split, the corrected resampled paired t-test over
 * repeats. Leaves out pairs that cannot be tested (one split and no predictions.csv).
 *
 * @param runs of one ReportGroup, in its order
 */
export function headDifferences(runs: readonly Run[]): HeadDifference[] {
  const pairs: TestedPair[] = [];
  for (const [i, run] of runs.entries()) {
    for (const other of runs.slice(i + 1)) {
      const pair = testPair(run, other);
      if (pair !== undefined) pairs.push(pair);
    }
  }
  const adjusted = holm(pairs.map(({ p }) => p));
  return pairs.map((pair, i) => describePair(pair, valueAt(adjusted, i), pairs.length));
}

function testPair(first: Run, second: Run): TestedPair | undefined {
  const difference = first.report.accuracy - second.report.accuracy;
  if (first.report.perRepeat.length > 1) {
    const differences = first.report.perRepeat.map(
      ({ accuracy }, i) => accuracy - (second.report.perRepeat[i]?.accuracy ?? Number.NaN),
    );
    const { p, interval } = correctedResampledTest(differences, first.report.trainSize, first.report.testSize);
    return { first, second, difference, test: 'corrected resampled t', p, interval };
  }
  if (first.predictions === undefined || second.predictions === undefined) return undefined;
  const counts = countDisagreements(first, second);
  return {
    first,
    second,
    difference,
    test: 'McNemar, mid-p',
    p: mcnemar(counts.onlyFirst, counts.onlySecond).midP,
    counts,
  };
}

function countDisagreements(first: Run, second: Run): { onlyFirst: number; onlySecond: number } {
  const rightOfSecond = new Map(second.predictions?.map((p) => [p.id, p.predictedClass === p.trueClass]));
  let onlyFirst = 0;
  let onlySecond = 0;
  for (const prediction of first.predictions ?? []) {
    const other = rightOfSecond.get(prediction.id);
    if (other === undefined) {
      throw new UserError({
        what: 'two reports of the same split have predictions for different images',
        where: `${first.report.report} and ${second.report.report}`,
        found: `no prediction for ${prediction.id} in the second`,
        fix: 'run classify again for both',
      });
    }
    const right = prediction.predictedClass === prediction.trueClass;
    if (right && !other) onlyFirst++;
    if (!right && other) onlySecond++;
  }
  return { onlyFirst, onlySecond };
}

function describePair(pair: TestedPair, adjustedP: number, pairCount: number): HeadDifference {
  const { first, second, difference, test, p } = pair;
  const distinguishable = adjustedP < level;
  const [a, b] = [first.name, second.name];
  const doubtful = p < level && !distinguishable;
  const verdict = distinguishable
    ? `${a} is better than ${b}`
    : doubtful
      ? `${a} may be better than ${b}, but one such pair among ${pairCount} can be chance`
      : `no significant difference between ${a} and ${b}`;
  // Beside the counts a reader expects the unadjusted p.
  const found = pairCount === 1 ? pValue(p) : `${pValue(p)}; adjusted for ${pairCount} pairs, ${pValue(adjustedP)}`;
  return {
    first: a,
    second: b,
    difference,
    test,
    p,
    adjustedP,
    distinguishable,
    doubtful,
    words: `${verdict}${doubtful ? ';' : ''} ${describeCounts(pair)} (${found})`,
  };
}

function describeCounts({ first, second, counts, interval }: TestedPair): string {
  const { testSize, perRepeat } = first.report;
  if (counts !== undefined) {
    const { onlyFirst, onlySecond } = counts;
    return `on these ${counted(testSize, 'image')}: ${first.name} alone is right on ${onlyFirst}, ${second.name} alone on ${onlySecond}`;
  }
  if (pairIsTied(interval)) return `over these ${counted(perRepeat.length, 'repeat')}: the same accuracy in each`;
  const points = (value: number): string => (value * 100).toFixed(1);
  const { low, high } = interval as Interval;
  return `over these ${counted(perRepeat.length, 'repeat')}: 95 % interval of the difference ${points(low)} to ${points(high)} points`;
}

function pairIsTied(interval: Interval | undefined): boolean {
  return interval !== undefined && interval.low === interval.high && Math.abs(interval.low) < 1e-12;
}
