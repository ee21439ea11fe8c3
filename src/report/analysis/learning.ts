import type { LearningCurvePoint, Report } from '../../classify/result/report.ts';
import { lastOf, valueAt } from '../../system/at.ts';
import { counted } from '../../system/printable.ts';
import { type Interval, z95 } from '../statistics/interval.ts';
import { correctedMeanInterval } from '../statistics/significance.ts';

export interface LearningCurve {
  /** By training size, means and standard deviations over the repeats; `deviation` is 0 with one repeat. */
  readonly points: readonly { readonly trainSize: number; readonly accuracy: number; readonly deviation: number }[];
  /** Percentage points of accuracy gained per doubling of the training images, in the upper half of the curve. */
  readonly lastDoubling: number;
  /** 95 % interval of `lastDoubling`. */
  readonly interval: Interval;
  readonly answer: 'yes' | 'little' | 'not clear';
  /** "Would more photos help?" in one sentence. */
  readonly words: string;
}

/** Percentage points per doubling from which more photos are recommended. */
const worthwhile = 1;

/**
 * Whether more photos would help: the slope of accuracy against the logarithm of the training size over the upper half
 * of the learning curve, since heads gain about the same with every doubling. The slope's interval is the corrected
 * resampled t interval over the repeats; with one split, that of two independent shares, which is conservative since the
 * images are the same.
 */
export function learningCurve(
  report: Pick<Report, 'learningCurve' | 'trainSize' | 'testSize'>,
): LearningCurve | undefined {
  const found = report.learningCurve ?? [];
  const sizes = [...new Set(found.map((point) => point.trainSize))].sort((a, b) => a - b);
  if (sizes.length < 2) return undefined;
  const points = sizes.map((trainSize) => {
    const values = found.filter((point) => point.trainSize === trainSize).map((point) => point.accuracy);
    const accuracy = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - accuracy) ** 2, 0);
    return { trainSize, accuracy, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
  });
  const last = lastOf(points);
  const upper = points.filter((point) => point.trainSize * 2 >= last.trainSize);
  const from = upper.length > 1 ? valueAt(upper, 0) : valueAt(points, points.length - 2);
  const doublings = Math.log2(last.trainSize / from.trainSize);
  const lastDoubling = ((last.accuracy - from.accuracy) / doublings) * 100;
  const gains = gainsByRepeat(found, from.trainSize, last.trainSize).map((gain) => (gain / doublings) * 100);
  const interval =
    gains.length > 1
      ? correctedMeanInterval(gains, report.trainSize, report.testSize)
      : around(lastDoubling, (z95 * 100 * errorOfDifference(from, last, report.testSize)) / doublings);
  // Without any variation nothing is known about the uncertainty: the interval is a point by lack of evidence.
  const unmoved = interval.low === 0 && interval.high === 0;
  const answer = unmoved
    ? 'not clear'
    : interval.low > 0 && lastDoubling >= worthwhile
      ? 'yes'
      : interval.high < worthwhile
        ? 'little'
        : 'not clear';
  const said = {
    yes: 'More photos would help',
    little: 'More photos of the same kind would help little',
    'not clear': 'Whether more photos would help is not clear from these',
  }[answer];
  const moved = unmoved
    ? `did not change on the ${counted(report.testSize, 'test image')}, so its uncertainty is unknown`
    : `${lastDoubling < 0 ? 'fell' : 'rose'} by ${Math.abs(lastDoubling).toFixed(1)} points per doubling (95 % interval ${interval.low.toFixed(1)} to ${interval.high.toFixed(1)})`;
  const words = `${said}: from ${from.trainSize} to ${counted(last.trainSize, 'training image')} the accuracy ${moved}.`;
  return { points, lastDoubling, interval, answer, words };
}

/** Accuracy at the larger size minus that at the smaller one, per repeat that has both. */
function gainsByRepeat(found: readonly LearningCurvePoint[], from: number, to: number): number[] {
  const at = (repeat: number, size: number): number | undefined =>
    found.find((point) => point.repeat === repeat && point.trainSize === size)?.accuracy;
  return [...new Set(found.map((point) => point.repeat))].flatMap((repeat) => {
    const [first, last] = [at(repeat, from), at(repeat, to)];
    return first === undefined || last === undefined ? [] : [last - first];
  });
}

function errorOfDifference(
  a: { readonly accuracy: number },
  b: { readonly accuracy: number },
  testSize: number,
): number {
  return Math.sqrt((a.accuracy * (1 - a.accuracy) + b.accuracy * (1 - b.accuracy)) / testSize);
}

function around(value: number, half: number): Interval {
  return { low: value - half, high: value + half };
}
