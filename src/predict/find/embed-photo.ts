import { whereIs } from '../../extract/images/list/image-file.ts';
import { openPixelPipeline } from '../../extract/images/pipeline/pipeline.ts';
import type { FeatureSet } from '../../features/reader.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import { UserError } from '../../system/errors.ts';
import { type EmbedderOptions, openEmbedder } from '../embedder.ts';
import { openInputs } from '../inputs.ts';

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
  const { fields, madeBy, rowCount, dims } = manifest;
  const featureSet = {
    folder,
    rowCount,
    dims,
    weights: madeBy.weights,
    randomWeights: false,
    missing: {},
    fields,
    madeBy,
  };
  const embedder = await openEmbedder({ featureSet, report: folder }, { device: 'cpu', weights, threads });
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
