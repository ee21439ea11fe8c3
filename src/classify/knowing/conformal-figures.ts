import {
  conformalScores,
  conformalThreshold,
  rankedScores,
  riskCoverage,
  setSize,
  usualCoverage,
} from '../../metrics/conformal.kernel.ts';
import { logInPlace } from '../../models/calibration/temperature.kernel.ts';
import type { FitContext, FittedHead, Head } from '../../models/model.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { evenlySpaced, takeLabels } from '../../rows/table.ts';
import { foldsForCalibration } from '../../split/inner-folds.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import type { Conformal, SetFigures } from '../result/report.ts';
import type { OpenTrial } from '../trial/trial.ts';

/** Coverages shown in a report; `predict` accepts any. */
const shownCoverages = [0.8, 0.9, 0.95, 0.99];
/** Fewest test images for figures of a single class. */
const enoughOfClass = 20;
/** Calibration scores kept in a report: the attained coverage then varies by half a percent. */
const mostScores = 2000;
const foldCount = 5;

type Calibration = Pick<Conformal, 'rows' | 'rowsAre' | 'scores'>;

/**
 * Calibration scores for prediction sets, from rows held out of the fit, and the sets' coverage and size on the test
 * rows of the first split. If the fit held out no rows, the head is fitted once more on four fifths of the training
 * rows, and the remaining fifth is scored.
 *
 * @returns a warning if no row can be held out, or such a fit fails
 */
export async function conformalOf(
  head: Head,
  data: LabelledData<RowSource>,
  split: Split,
  fitted: FittedHead,
  openTrial: OpenTrial,
  context: Omit<FitContext, 'test'>,
): Promise<Conformal | string> {
  let calibration: Calibration | undefined;
  try {
    calibration = fitted.heldOut
      ? toCalibration(fitted.heldOut.scores, fitted.heldOut.rowsAre)
      : await scoresOfFold(fitted.chosen ?? head, data, split, openTrial, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `no conformal sets: a fit on a part of the training rows failed (${error.parts.what})`;
  }
  if (calibration === undefined)
    return 'no conformal sets: no class has two training rows, so that none can be held out';
  const trial = openTrial(split);
  const classCount = data.classes.length;
  const thresholds = shownCoverages.map((coverage) => conformalThreshold(calibration.scores, coverage));
  const testImages = split.test.length;
  const labels = takeInts(data.labels, split.test);
  // Compact, since there may be millions of test rows.
  const rankOfTruth = new Int32Array(testImages);
  const ofPredicted = new Float32Array(testImages);
  const sizes = thresholds.map(() => new Int32Array(testImages));
  await trial.predict(fitted, (places, { predicted, probabilities: { data: all, rowCount } }) => {
    for (let i = 0; i < rowCount; i++) {
      const place = places?.[i] ?? i;
      const { order, scores } = rankedScores(all.subarray(i * classCount, (i + 1) * classCount), valueAt(predicted, i));
      rankOfTruth[place] = order.indexOf(valueAt(labels, place));
      ofPredicted[place] = valueAt(all, i * classCount + valueAt(order, 0));
      for (const [at, threshold] of thresholds.entries()) {
        valueAt(sizes, at)[place] = setSize(scores, threshold);
      }
    }
  });
  const right = Uint8Array.from(rankOfTruth, (rank) => (rank === 0 ? 1 : 0));
  const figuresOf = (rows: Int32Array, size: Int32Array): SetFigures => ({
    reached: rows.filter((row) => valueAt(rankOfTruth, row) < valueAt(size, row)).length / rows.length,
    meanSetSize: rows.reduce((sum, row) => sum + valueAt(size, row), 0) / rows.length,
  });
  const rows = Int32Array.from(labels.keys());
  const usual = valueAt(sizes, shownCoverages.indexOf(usualCoverage));
  const ofClass = data.classes.map((): number[] => []);
  for (const row of rows) ofClass[valueAt(labels, row)]?.push(row);
  return {
    method: 'RAPS',
    ...calibration,
    testImages,
    coverages: shownCoverages.map((coverage, at) => {
      const size = valueAt(sizes, at);
      const sure = rows.filter((row) => size[row] === 1);
      const accuracy = sure.filter((row) => right[row] === 1).length / sure.length;
      return {
        coverage,
        ...figuresOf(rows, size),
        answered: sure.length / testImages,
        ...(sure.length === 0 ? {} : { answeredAccuracy: accuracy }),
      };
    }),
    perClass: data.classes.flatMap((name, c) => {
      const own = Int32Array.from(ofClass[c] ?? []);
      return own.length < enoughOfClass ? [] : [{ name, images: own.length, ...figuresOf(own, usual) }];
    }),
    riskCoverage: riskCoverage(ofPredicted, right),
  };
}

async function scoresOfFold(
  head: Head,
  data: LabelledData<RowSource>,
  split: Split,
  openTrial: OpenTrial,
  context: Omit<FitContext, 'test'>,
): Promise<Calibration | undefined> {
  const [fold] = foldsForCalibration(takeLabels(data, split.train), foldCount);
  if (fold === undefined) return undefined;
  const rowsOf = (places: Int32Array): Int32Array => takeInts(split.train, places);
  const test = evenlySpaced(rowsOf(fold.test), mostScores);
  const trial = openTrial({ train: rowsOf(fold.train), test });
  const fitted = await trial.fit(head, { ...context, forCalibration: true });
  const scores = new Float64Array(test.length);
  await trial.predict(fitted, (places, { predicted, probabilities }) => {
    const labels = Int32Array.from({ length: probabilities.rowCount }, (_, i) => {
      return valueAt(data.labels, valueAt(test, places?.[i] ?? i));
    });
    // A copy, since the logarithms are taken in place.
    const logs = probabilities.data.slice(0, labels.length * data.classes.length);
    logInPlace(logs);
    conformalScores(logs, data.classes.length, labels, 1, predicted).forEach((score, i) => {
      scores[places?.[i] ?? i] = score;
    });
  });
  return toCalibration(scores, 'left out of one more fit');
}

/** Sorted, and rounded up so that no score falls out of its set. */
function toCalibration(scores: Float64Array, rowsAre: string): Calibration | undefined {
  if (scores.length === 0) return undefined;
  const part = evenlySpaced(Int32Array.from(scores.keys()), mostScores);
  const rounded = Float64Array.from(part, (row) => Math.ceil(valueAt(scores, row) * 1e6) / 1e6).sort();
  return { rows: rounded.length, rowsAre, scores: [...rounded] };
}
