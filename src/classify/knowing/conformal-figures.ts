import {
  conformalScores,
  conformalSet,
  conformalThreshold,
  riskCoverage,
  usualCoverage,
} from '../../metrics/conformal.ts';
import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { mean } from '../../metrics/metrics.ts';
import type { FitContext, FittedHead, Head } from '../../models/model.ts';
import { logInPlace } from '../../models/temperature.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { evenPart, takeLabels } from '../../rows/table.ts';
import { foldsForCalibration } from '../../split/inner-folds.ts';
import type { Split } from '../../split/split.ts';
import { UserError } from '../../system/errors.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import type { Conformal } from '../result/report.ts';
import type { OpenTrial } from '../trial/trial.ts';

/** Coverages whose figures a report shows; `predict` takes any. */
const shownCoverages = [0.8, 0.9, 0.95, 0.99];
/** Test images without which a class's own figures are chance. */
const enoughOfClass = 20;
/** Scores that a report keeps: the coverage reached then varies by half a percent. */
const mostScores = 2000;
const foldCount = 5;

type Calibration = Pick<Conformal, 'rows' | 'rowsAre' | 'scores'>;

/**
 * What a report says of sets of classes: the scores of rows that the head had not seen, and what the sets come to on the
 * test rows of the first split. Where the fit gave no such scores, the head is fitted once more, on four fifths of the
 * training rows, and judges the fifth that was left out.
 *
 * @returns a warning where there is no row to spare, or such a fit is not possible
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
      ? kept(fitted.heldOut.scores, fitted.heldOut.rowsAre)
      : await scoresOfFold(fitted.chosen ?? head, data, split, openTrial, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `no conformal sets: a fit on a part of the training rows failed (${error.parts.what})`;
  }
  if (calibration === undefined)
    return 'no conformal sets: no class has two training rows, so that none can be held out';
  const trial = await openTrial(split);
  const classCount = data.classes.length;
  const thresholds = shownCoverages.map((coverage) => conformalThreshold(calibration.scores, coverage));
  /** By test row. */
  const seen: { truth: number; guess: number; probability: number; sets: readonly Set[] }[] = [];
  await trial.predict(fitted, (places, { probabilities: { data: all, rowCount } }) => {
    const first = largestPerRow(all, classCount);
    for (let i = 0; i < rowCount; i++) {
      const own = all.subarray(i * classCount, (i + 1) * classCount);
      const place = places?.[i] ?? i;
      const truth = data.labels[split.test[place] as number] as number;
      const guess = first[i] as number;
      const sets = thresholds.map((threshold) => {
        const set = conformalSet(own, threshold);
        return { size: set.length, covers: set.includes(truth) };
      });
      seen[place] = { truth, guess, probability: own[guess] as number, sets };
    }
  });
  const usual = shownCoverages.indexOf(usualCoverage);
  return {
    method: 'RAPS',
    ...calibration,
    testImages: seen.length,
    coverages: shownCoverages.map((coverage, at) => {
      const sure = seen.filter(({ sets }) => sets[at]?.size === 1);
      return {
        coverage,
        ...figuresOf(seen.map(({ sets }) => sets[at] as Set)),
        answered: sure.length / seen.length,
        ...(sure.length === 0
          ? {}
          : { answeredAccuracy: sure.filter(({ truth, guess }) => truth === guess).length / sure.length }),
      };
    }),
    perClass: data.classes.flatMap((name, c) => {
      const own = seen.filter(({ truth }) => truth === c).map(({ sets }) => sets[usual] as Set);
      return own.length < enoughOfClass ? [] : [{ name, images: own.length, ...figuresOf(own) }];
    }),
    riskCoverage: riskCoverage(
      seen.map(({ probability }) => probability),
      seen.map(({ truth, guess }) => truth === guess),
    ),
  };
}

/** The set of one test row. */
interface Set {
  readonly size: number;
  readonly covers: boolean;
}

function figuresOf(sets: readonly Set[]): { readonly reached: number; readonly meanSetSize: number } {
  return {
    reached: sets.filter(({ covers }) => covers).length / sets.length,
    meanSetSize: mean(sets.map(({ size }) => size)),
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
  const rowsOf = (places: Int32Array): Int32Array => places.map((place) => split.train[place] as number);
  const test = evenPart(rowsOf(fold.test), mostScores);
  const trial = await openTrial({ train: rowsOf(fold.train), test });
  const fitted = await trial.fit(head, { ...context, forCalibration: true });
  const scores = new Float64Array(test.length);
  await trial.predict(fitted, (places, { probabilities }) => {
    const labels = Int32Array.from({ length: probabilities.rowCount }, (_, i) => {
      return data.labels[test[places?.[i] ?? i] as number] as number;
    });
    // Nobody else's: a copy is taken before logarithms are.
    const logs = probabilities.data.slice(0, labels.length * data.classes.length);
    logInPlace(logs);
    conformalScores(logs, data.classes.length, labels, 1).forEach((score, i) => {
      scores[places?.[i] ?? i] = score;
    });
  });
  return kept(scores, 'left out of one more fit');
}

/** Sorted, and rounded up: a set that a score belongs to must not lose it. */
function kept(scores: Float64Array, rowsAre: string): Calibration | undefined {
  if (scores.length === 0) return undefined;
  const part = evenPart(Int32Array.from(scores.keys()), mostScores);
  const rounded = Float64Array.from(part, (row) => Math.ceil((scores[row] as number) * 1e6) / 1e6).sort();
  return { rows: rounded.length, rowsAre, scores: [...rounded] };
}
