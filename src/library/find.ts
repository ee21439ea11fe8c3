import { usableCores } from '../extract/backbone/processor.ts';
import { openFeatureSet } from '../features/reader.ts';
import { type FindPhotosOptions, findPhotos } from '../predict/find/find-photos.ts';
import type { FoundPhoto } from '../predict/find/nearest-photos.ts';
import { findOptions } from '../predict/options.ts';
import { type GivenOptions, readOptions } from '../system/options.ts';

/** Options of `find`: those of the command line, with the same names and defaults. */
export interface FindOptions
  extends GivenOptions<typeof findOptions>,
    Pick<FindPhotosOptions, 'signal' | 'onProgress'> {
  /** Path of a photo, or a text if the set's network has a text encoder. */
  readonly query: string;
  /** Folder of a feature set. */
  readonly features: string;
}

/**
 * Finds the photos of a feature set nearest to a photo or a text, nearest first.
 *
 * @throws UserError if the photo cannot be read, or the set's network is not available or has no text encoder
 */
export async function find(options: FindOptions): Promise<readonly FoundPhoto[]> {
  const { query, features, signal, onProgress, ...given } = options;
  const { count, weights, threads = usableCores() } = readOptions(findOptions, { ...given }, 'program');
  return findPhotos(query, await openFeatureSet(features), { count, weights, threads, signal, onProgress });
}
