import { usableCores } from '../extract/backbone/cores.ts';
import { openFeatureSet } from '../features/reader.ts';
import { type FindPhotosOptions, findPhotos } from '../predict/find/find-photos.ts';
import type { FoundPhoto } from '../predict/find/nearest-photos.ts';
import { usageError } from '../system/errors.ts';

/** What `find` may be told; the names and defaults are those of its options on the command line. */
export interface FindOptions extends Partial<FindPhotosOptions> {
  /** A photo's path, or words where the set's network has a text encoder. */
  readonly query: string;
  /** Folder of a feature set. */
  readonly features: string;
}

/**
 * The photos of a feature set that are nearest to a photo or to words, the nearest first.
 *
 * @throws UserError where the photo cannot be read, or the set's network is not to be had or has no text encoder
 */
export async function find(options: FindOptions): Promise<readonly FoundPhoto[]> {
  const { query, features, count = 20, threads = usableCores(), signal, onProgress } = options;
  if (!(Number.isSafeInteger(count) && count >= 1)) throw usageError('count', String(count), 'a whole number from 1');
  return findPhotos(query, await openFeatureSet(features), { count, threads, signal, onProgress });
}
