import type { Report } from '../classify/result/report.ts';
import { hashFile } from '../extract/explain/sort-inputs.ts';
import { listImages } from '../extract/images/list/list.ts';
import { type FeatureSet, openFeatureSet } from '../features/reader.ts';
import { topOfRows } from '../metrics/metrics.kernel.ts';
import { predictRows } from '../models/fitted-head.ts';
import { takeInts, takeUints } from '../numerics/arrays.kernel.ts';
import type { ShippedHead } from '../predict/load-head.ts';
import { RowReader } from '../rows/row-reader.ts';
import { storedRows } from '../rows/row-source.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import { counted } from '../system/printable.ts';
import { type Choice, chooseToLabel } from './rank/choose.ts';

/** A photo whose label would be useful to the head. */
export interface Suggestion {
  /** From 1, most useful first. */
  readonly rank: number;
  readonly id: string;
  /** Path in the folder of photos. */
  readonly path: string;
  /** The predicted class, and the most probable other one. */
  readonly likeliest: readonly [RankedClass, RankedClass];
  /** Probability of the predicted class minus that of the next; negative if votes chose the less probable one. */
  readonly margin: number;
}

interface RankedClass {
  readonly class: string;
  readonly probability: number;
}

export interface Suggestions {
  readonly photos: readonly Suggestion[];
  /** Number of candidate photos. */
  readonly unlabelled: number;
  /** Number of photos already labelled in the head's feature set, by sha256; undefined if that set is missing. */
  readonly labelled: number | undefined;
}

/**
 * Chooses the unlabelled photos from which a head would learn most.
 *
 * @param set features of the photos, computed like the head's
 * @throws UserError if there is no photo to choose from
 */
export async function suggestPhotos(
  { head, report }: Pick<ShippedHead, 'head' | 'report'>,
  set: FeatureSet,
  { count, choice, signal }: { readonly count: number; readonly choice: Choice; readonly signal?: AbortSignal },
): Promise<Suggestions> {
  const known = await labelledImages(report);
  const images = [...set.rows.keys()].filter((image) => known?.has(set.sha256Of(image)) !== true);
  if (images.length === 0) throw allLabelled(set.manifest.madeBy.data, set.rows.length);
  const rows = takeUints(set.rows, images);
  const classCount = head.classes.length;
  const [first, second] = [new Int32Array(rows.length), new Int32Array(rows.length)];
  const [firstP, secondP] = [new Float64Array(rows.length), new Float64Array(rows.length)];
  const stored = storedRows(new RowReader(set.rowStore()), rows);
  await predictRows(head, stored, { ...(signal && { signal }) }, (places, { predicted, probabilities: { data } }) => {
    const two = topOfRows(data, classCount, 2, predicted);
    for (let i = 0; 2 * i < two.length; i++) {
      const place = places?.[i] ?? i;
      const [a, b] = [valueAt(two, 2 * i), valueAt(two, 2 * i + 1)];
      [first[place], second[place]] = [a, b];
      firstP[place] = valueAt(data, i * classCount + a);
      secondP[place] = valueAt(data, i * classCount + b);
    }
  });
  // Where votes and probabilities name different classes, either may be the larger.
  const margins = firstP.map((probability, i) => Math.abs(probability - valueAt(secondP, i)));
  const chosen = await chooseToLabel(margins, count, choice, (places) => set.readMatrix(takeInts(rows, places)));
  const ranked = (classes: Int32Array, probabilities: Float64Array, place: number): RankedClass => ({
    class: valueAt(head.classes, valueAt(classes, place)),
    probability: valueAt(probabilities, place),
  });
  const photos = Array.from(chosen, (place, i): Suggestion => {
    const image = valueAt(images, place);
    return {
      rank: i + 1,
      id: valueAt(set.ids, image),
      path: valueAt(set.paths, image),
      likeliest: [ranked(first, firstP, place), ranked(second, secondP, place)],
      margin: valueAt(margins, place),
    };
  });
  const labelled = known && set.rows.length - images.length;
  return { photos, unlabelled: images.length, labelled };
}

/**
 * Checks that a folder holds a photo which is not among the labelled ones of the head, before the network runs.
 *
 * @throws UserError if there is none
 */
export async function checkUnlabelled(report: Report, from: string, signal?: AbortSignal): Promise<void> {
  const known = await labelledImages(report);
  if (known === undefined) return;
  const { images, root } = await listImages(from, { labelFrom: 'none' }, signal);
  for (const image of images) {
    signal?.throwIfAborted();
    // One that cannot be read counts as unlabelled: extract names it.
    if (!known.has((await hashFile(image)) ?? '')) return;
  }
  throw allLabelled(root, images.length);
}

function allLabelled(where: string, photos: number): UserError {
  return new UserError({
    what: 'there is no photo to label',
    where,
    found: `${counted(photos, 'photo')}, all of them among the labelled ones`,
    expected: 'photos that have no label yet, in another folder: --from FOLDER',
  });
}

/** sha256 of the labelled images of a head's feature set; undefined if it is missing. */
async function labelledImages(report: Report): Promise<ReadonlySet<string> | undefined> {
  try {
    const own = await openFeatureSet(report.featureSet.folder);
    return new Set(Array.from(own.labelled().rows, (row) => own.sha256OfRow(row)));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
