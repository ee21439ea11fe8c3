import type { Report } from '../classify/result/report.ts';
import { conformalSet, conformalThreshold, usualCoverage } from '../metrics/conformal.kernel.ts';
import { reportCommand } from '../report/report-command.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import type { OptionValues } from '../system/options.ts';
import { counted } from '../system/printable.ts';
import type { AnswerOptions } from './image-answer.ts';
import type { uncertaintyOptions } from './options.ts';
import type { Classification, RankedClass } from './predict.ts';
import type { TrainingPhotos } from './training-photos.ts';

/** A prediction set: the smallest set of classes with the requested coverage; never empty. */
export interface ClassSet {
  /** Predicted class first, then by probability. */
  readonly classes: readonly RankedClass[];
  /** Number of all classes. */
  readonly of: number;
  /** Whether it is uninformative: more than ten classes, or more than half of all. */
  readonly large: boolean;
}

/** Returns the prediction set for a head's answer. */
export type SetOf = (answer: Classification) => ClassSet;

interface Sets {
  readonly setOf: SetOf;
  readonly coverage: number;
  /** Warning about this coverage, if any. */
  readonly warning?: string;
}

const largeSet = 10;

/**
 * @param coverage in (0, 1)
 * @throws UserError if the report has no calibration scores
 */
export function classSets(
  trained: Pick<Report, 'conformal' | 'classes' | 'report' | 'warnings' | 'command'>,
  coverage: number = usualCoverage,
): Sets {
  const { conformal, classes } = trained;
  if (conformal === undefined) throw noScores(trained);
  const { scores } = conformal;
  const threshold = conformalThreshold(scores, coverage);
  const least = Math.ceil(coverage / (1 - coverage) - 1e-9);
  return {
    coverage,
    setOf: ({ probabilities, predicted }) => {
      const set = conformalSet(probabilities, predicted, threshold);
      return {
        classes: set.map((c) => ({ class: valueAt(classes, c), probability: valueAt(probabilities, c) })),
        of: classes.length,
        large: set.length > largeSet || (set.length > 2 && set.length > classes.length / 2),
      };
    },
    ...(Number.isFinite(threshold)
      ? {}
      : {
          warning: `${counted(scores.length, 'calibration row')} ${scores.length === 1 ? 'is' : 'are'} too few for a coverage of ${coverage}, which takes ${least}: every set contains all classes`,
        }),
  };
}

/** With fewer training photos whose class has another one, no head fits its calibration to held-out photos. */
const fewestJudged = 10;

/** Says so if a head was trained on too few photos to tell whether its probabilities hold. */
function fewPhotosWarning({ perClass }: Pick<Report, 'perClass'>): string | undefined {
  const counts = perClass.map(({ trained }) => Math.round(trained ?? fewestJudged));
  const judged = counts.reduce((sum, count) => sum + (count < 2 ? 0 : count), 0);
  if (judged >= fewestJudged) return undefined;
  return `the probabilities rest on too few training photos: ${judged} of ${counts.reduce((sum, count) => sum + count, 0)} share their class with another one, and ${fewestJudged} would be needed to calibrate them`;
}

type UncertaintyAsked = Omit<OptionValues<typeof uncertaintyOptions>, 'coverage'> & {
  readonly coverage: number | undefined;
};

/** What the options of `uncertaintyOptions` need: the prediction sets of the report, and its training photos. */
export async function openUncertainty(
  report: Report,
  { coverage, abstain, unlike, why }: UncertaintyAsked,
  threads: number | undefined,
  { warn, note }: { readonly warn: (line: string) => void; readonly note: (line: string) => void },
): Promise<Omit<AnswerOptions, 'top'>> {
  const few = fewPhotosWarning(report);
  if (few !== undefined) warn(few);
  const sets = coverage === undefined && !abstain ? undefined : classSets(report, coverage);
  if (sets?.warning !== undefined) warn(sets.warning);
  const photos = await openPhotos();
  if (photos?.note !== undefined) note(photos.note);
  return { setOf: sets?.setOf, abstain, photos, unlike, why };

  async function openPhotos(): Promise<TrainingPhotos | undefined> {
    if (!unlike && !why && !abstain) return undefined;
    // Loaded on demand, with the matrix products.
    const { openTrainingPhotos } = await import('./training-photos.ts');
    try {
      return await openTrainingPhotos(report, threads);
    } catch (error) {
      if (unlike || why || !(error instanceof UserError)) throw error;
      note(`photos unlike the training photos are answered too: ${error.parts.what}`);
      return undefined;
    }
  }
}

/** Training again helps only if an older version wrote the report; with too few rows it would give the same. */
function noScores({ report, warnings, command }: Pick<Report, 'report' | 'warnings' | 'command'>): UserError {
  const warning = warnings.find((each) => each.startsWith('no conformal sets: '));
  return new UserError({
    what: 'this head does not support prediction sets',
    where: report,
    found: warning ?? 'no conformal scores: an older version wrote the report',
    ...(warning === undefined
      ? { fix: reportCommand({ command }) ?? 'run its classify command again: report.json holds it' }
      : {
          expected:
            'a head trained with enough photos that some can be held out; more photos help, training again does not',
          option: [
            { name: 'coverage', value: null },
            { name: 'abstain', value: null },
          ],
        }),
  });
}
