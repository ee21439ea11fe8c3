import { existsSync } from 'node:fs';
import { whereIs } from '../../extract/images/list/image-file.ts';
import { openPixelPipeline } from '../../extract/images/pipeline/pipeline.ts';
import { openOwnTower } from '../../extract/words/own-tower.ts';
import type { FeatureSet } from '../../features/reader.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import { UserError } from '../../system/errors.ts';
import type { OnProgress } from '../../system/progress.ts';
import { type EmbedderOptions, openEmbedder } from '../embedder.ts';
import { openInputs } from '../inputs.ts';
import { type FoundPhoto, nearestPhotos, unitRowsOf } from './nearest-photos.ts';

export interface FindPhotosOptions {
  readonly count: number;
  /** Weights file to use for a photo instead of the recorded one; must be the same weights. */
  readonly weights?: string | undefined;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Finds the photos of a feature set nearest to a photo or a text, nearest first.
 *
 * @param query path of a photo, `-` for a photo on standard input, or a text
 * @throws UserError if the photo cannot be read, or the set's network is not available or has no text encoder
 */
export async function findPhotos(
  query: string,
  set: FeatureSet,
  options: FindPhotosOptions,
): Promise<readonly FoundPhoto[]> {
  // Reads the rows while the query is encoded.
  const [vector, rows] = await Promise.all([encode(query, set, options), unitRowsOf(set, options.signal)]);
  return nearestPhotos(set, rows, vector, options);
}

/** Image extensions: a missing file is not taken for a text. */
const photoName = /\.(?:jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif|jp2|p[bgpn]m)$/i;

/** Whether the query is the path of a photo, which may be missing, rather than a text. */
export function namesPhoto(query: string): boolean {
  return query === '-' || existsSync(query) || photoName.test(query);
}

async function encode(
  query: string,
  set: FeatureSet,
  { weights, threads, signal, onProgress }: FindPhotosOptions,
): Promise<Matrix> {
  if (namesPhoto(query)) return embedPhoto(query, set, { weights, threads, signal });
  const { folder, dims, manifest } = set;
  const { fields, madeBy } = manifest;
  const tower = await openOwnTower({ folder, dims, fields, madeBy }, { threads, signal, onProgress });
  try {
    return await tower.encode([query]);
  } finally {
    await tower.close();
  }
}

/**
 * Unit feature vector of a photo, computed as in a feature set: [1, dims].
 *
 * @throws UserError if it cannot be read, or the set's network is not available
 */
export async function embedPhoto(
  path: string,
  { folder, manifest }: FeatureSet,
  {
    weights,
    threads,
    signal,
  }: Pick<EmbedderOptions, 'weights' | 'threads'> & { readonly signal?: AbortSignal | undefined },
): Promise<Matrix> {
  const { fields, madeBy } = manifest;
  const report = { featureSet: { folder, fields, madeBy }, report: folder };
  const embedder = await openEmbedder(report, { device: 'cpu', weights, threads });
  const pipeline = openPixelPipeline(fields.preprocessing, { threads: 1, ...(signal && { signal }) });
  const inputs = openInputs([path], { stdin: process.stdin, onFailure: () => {} });
  try {
    for await (const result of pipeline.decode(inputs.images)) {
      if (result.outcome === 'failed') throw unreadable(whereIs(result.image), result.reason);
      if (result.outcome !== 'pixels') continue;
      const { crop } = fields.preprocessing;
      const { columnCount, data } = await embedder.embed({ rowCount: 1, crop, bytesNHWC: result.pixels });
      const row = data.slice(0, columnCount);
      unitRows(row, 1, columnCount);
      return { rowCount: 1, columnCount, data: row };
    }
    throw unreadable(path, 'it names no image');
  } finally {
    await inputs.close();
    await pipeline.close();
    await embedder.close();
  }
}

function unreadable(where: string, found: string): UserError {
  return new UserError({ what: 'the photo cannot be read', where, found, expected: 'one whole image' });
}
