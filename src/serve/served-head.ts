import type { ShippedHead } from '../predict/load-head.ts';
import type { TrainingPhotos } from '../predict/training-photos.ts';
import { UserError } from '../system/errors.ts';

/** A head under the name that answers carry. */
export interface NamedHead extends ShippedHead {
  /** The folder of its report, as it was named. */
  readonly name: string;
}

export interface ServedHead extends NamedHead {
  /** The photos that it was trained on; in words why they are not to be had. */
  readonly photos: TrainingPhotos | string;
}

/**
 * Reads the training rows of every head, once for heads that were trained on the same ones. A head whose rows are gone
 * answers without them.
 *
 * @param onNote called for each head that has to, and of rows that are too many to compare with all of them
 */
export async function withTrainingPhotos(
  heads: readonly NamedHead[],
  threads: number | undefined,
  onNote: (line: string) => void,
): Promise<readonly ServedHead[]> {
  // What multiplies matrices comes with it.
  const { openTrainingPhotos } = await import('../predict/training-photos.ts');
  const opened = new Map<string, Promise<TrainingPhotos>>();
  const served: ServedHead[] = [];
  for (const head of heads) {
    const { featureSet, features, splitHash } = head.report;
    const key = JSON.stringify([featureSet.folder, features, splitHash]);
    const photos = opened.get(key) ?? openTrainingPhotos(head.report, threads);
    opened.set(key, photos);
    try {
      const { note } = await photos;
      if (note !== undefined) onNote(`${head.name}: ${note}`);
      served.push({ ...head, photos: await photos });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { what, found } = error.parts;
      const reason = found === undefined ? what : `${what}: ${found}`;
      onNote(`${head.name}: answers without the nearest training photos and the mark "unlike": ${reason}`);
      served.push({ ...head, photos: reason });
    }
  }
  return served;
}
