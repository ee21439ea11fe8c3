import type { ShippedHead } from '../../predict/load-head.ts';
import type { knowingOptions } from '../../predict/options.ts';
import type { CsvColumns } from '../../predict/output.ts';
import type { SayOptions } from '../../predict/say.ts';
import type { TrainingPhotos } from '../../predict/training-photos.ts';
import { usageError } from '../../system/errors.ts';
import type { OptionValues } from '../../system/options.ts';
import type { Session } from '../verb.ts';

/** What `predict` is to say beside the classes of a photo. */
interface KnowingAsked extends CsvColumns {
  readonly coverage: number | undefined;
  readonly abstain: boolean;
  readonly unlike: boolean;
  readonly why: boolean;
  /** Folder of the overlays. */
  readonly overlays: string | undefined;
}

/** Overlays go beside them into a folder. */
export const overlayOption = {
  evidence: {
    describe: 'folder for a class activation map of each photo, as PNG (linear, ridge, linear svm)',
    text: true,
  },
} as const;

/** @throws a usage UserError if one of them goes beside a submission, which takes probabilities */
export function knowingAsked(
  { coverage, abstain, unlike, why, evidence: overlays }: OptionValues<typeof knowingOptions & typeof overlayOption>,
  submission: string | undefined,
): KnowingAsked {
  const asked = { coverage, abstain, unlike, why, evidence: overlays !== undefined };
  const [given] = Object.entries(asked).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (given !== undefined && submission !== undefined) {
    throw usageError(`--${given}`, '--submission beside it, which takes probabilities', 'one of the two');
  }
  return { ...asked, overlays };
}

/** What says it: the sets of the report, and the training photos where they are compared with. */
export async function openKnowing(
  { report }: ShippedHead,
  { coverage, abstain, unlike, why }: KnowingAsked,
  session: Session,
): Promise<Omit<SayOptions, 'top'>> {
  const { classSets } = await import('../../predict/knowing.ts');
  const sets = coverage === undefined && !abstain ? undefined : classSets(report, coverage);
  if (sets?.warning !== undefined) session.warn(`warning: ${sets.warning}`);
  const photos = unlike || why ? await trainingPhotos(report, session) : undefined;
  return { setOf: sets?.setOf, abstain, photos, unlike, why };
}

async function trainingPhotos(report: ShippedHead['report'], session: Session): Promise<TrainingPhotos> {
  // What multiplies matrices comes with it.
  const { openTrainingPhotos } = await import('../../predict/training-photos.ts');
  const photos = await openTrainingPhotos(report);
  if (photos.note !== undefined) session.note(photos.note);
  return photos;
}
