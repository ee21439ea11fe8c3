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
  readonly words: string;
}

interface TestedPair extends Pick<HeadDifference, 'test' | 'p'> {
  readonly first: Run;
  readonly second: Run;
  /** The counts or the interval behind p, in words. */
  readonly evidence: string;
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
  const { perRepeat, trainSize, testSize } = first.report;
  if (perRepeat.length > 1) {
    const differences = perRepeat.map(
      ({ accuracy }, i) => accuracy - (second.report.perRepeat[i]?.accuracy ?? Number.NaN),
    );
    const { p, interval } = correctedResampledTest(differences, trainSize, testSize);
    const over = `over these ${counted(perRepeat.length, 'repeat')}`;
    return { first, second, test: 'corrected resampled t', p, evidence: `${over}: ${describeInterval(interval)}` };
  }
  if (first.predictions === undefined || second.predictions === undefined) return undefined;
  const { onlyFirst, onlySecond } = countDisagreements(first, second);
  const evidence = `on these ${counted(testSize, 'image')}: ${first.name} alone is right on ${onlyFirst}, ${second.name} alone on ${onlySecond}`;
  return { first, second, test: 'McNemar, mid-p', p: mcnemar(onlyFirst, onlySecond).midP, evidence };
}

function describeInterval({ low, high }: Interval): string {
  if (low === high && Math.abs(low) < 1e-12) return 'the same accuracy in each';
  const points = (value: number): string => (value * 100).toFixed(1);
  return `95 % interval of the difference ${points(low)} to ${points(high)} points`;
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
  const { test, p, evidence } = pair;
  const [first, second] = [pair.first.name, pair.second.name];
  const distinguishable = adjustedP < level;
  const doubtful = p < level && !distinguishable;
  const verdict = distinguishable
    ? `${first} is better than ${second}`
    : doubtful
      ? `${first} may be better than ${second}, but one such pair among ${pairCount} can be chance;`
      : `no significant difference between ${first} and ${second}`;
  // Beside the counts a reader expects the unadjusted p.
  const found = pairCount === 1 ? pValue(p) : `${pValue(p)}; adjusted for ${pairCount} pairs, ${pValue(adjustedP)}`;
  const difference = pair.first.report.accuracy - pair.second.report.accuracy;
  const words = `${verdict} ${evidence} (${found})`;
  return { first, second, difference, test, p, adjustedP, distinguishable, doubtful, words };
}
