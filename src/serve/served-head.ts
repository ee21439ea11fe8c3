import type { ShippedHead } from '../predict/load-head.ts';
import type { TrainingPhotos } from '../predict/training-photos.ts';
import { UserError } from '../system/errors.ts';

/** A head with its name in answers. */
export interface NamedHead extends ShippedHead {
  /** Folder of its report, as given. */
  readonly name: string;
}

export interface ServedHead extends NamedHead {
  /** Its training photos, or a text why they are not available. */
  readonly photos: TrainingPhotos | string;
}

/**
 * Reads the training rows of every head, shared between heads on the same ones. A head without them still answers.
 *
 * @param onNote called for each head without rows, or with too many to compare all
 */
export async function withTrainingPhotos(
  heads: readonly NamedHead[],
  threads: number | undefined,
  onNote: (line: string) => void,
): Promise<readonly ServedHead[]> {
  // Loaded on demand, with the matrix products.
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
