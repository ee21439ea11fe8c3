import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { IndexedImage } from '../../features/index/index-table.ts';
import { parseOutcomes } from '../../features/index/outcomes.ts';
import { outcomesFile } from '../../features/manifest/layout.ts';
import { type Manifest, rowsPerImage } from '../../features/manifest/manifest.ts';
import type { SetState } from '../../features/manifest/state.ts';
import { UserError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import type { OnProgress } from '../../system/progress.ts';
import { readActivationRanges } from '../activation-ranges.ts';
import { poolRows } from '../backbone/pool.ts';
import { compareCanaries, measureCanary } from '../canary.ts';
import type { ImageFile } from '../images/list/image-file.ts';
import { imageLocator } from '../images/list/locate.ts';
import { openPixelPipeline } from '../images/pipeline/pipeline.ts';
import type { NetworkSource } from '../network-source.ts';
import { pixelBatches } from '../pixel-batches.ts';

export interface RecomputeOptions {
  /** Opens the manifest's network; called only if rows must be computed. */
  readonly network: (manifest: Manifest) => Promise<NetworkSource>;
  readonly batch: number;
  readonly data?: string | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly files?: Files;
  readonly openPipeline?: typeof openPixelPipeline;
}

/** Recomputes the rows of the given images, by sha256; images without a file are left out. */
export async function recomputeRows(
  folder: string,
  state: SetState,
  lost: readonly IndexedImage[],
  options: RecomputeOptions,
): Promise<Map<string, Float32Array>> {
  const { manifest } = state;
  const { fields, madeBy } = manifest;
  const data = options.data ?? madeBy.data;
  // An unmounted disk must not look like deleted images.
  if (!existsSync(data)) {
    throw new UserError({
      what: 'the images of the feature set are not where they were',
      where: data,
      found: 'no such folder',
      fix: '--data FOLDER gives their new location (an empty one drops the damaged rows)',
    });
  }
  const network = await options.network(manifest);
  if (network.weightsSha256 !== fields.weightsSha256) {
    throw new UserError({
      what: 'these are not the weights that made the feature set',
      where: network.weightsFile ?? network.weights,
      found: `sha256 ${network.weightsSha256.slice(0, 12)}...`,
      expected: `sha256 ${fields.weightsSha256.slice(0, 12)}... (${madeBy.weights})`,
      fix: '--weights FILE gives their new location',
    });
  }
  const { threads, signal, openPipeline = openPixelPipeline } = options;
  const wanted = filesOf(folder, state, lost);
  const locate = imageLocator(data);
  const images: ImageFile[] = [];
  for (const path of wanted.keys()) images.push({ id: path, ...(await locate(path)), relativePath: path });
  const rows = new Map<string, Float32Array>();
  const { calibration: made } = fields;
  const activationRanges = made && (await readActivationRanges([folder], made.sha256, options.files));
  const backbone = await network.open(fields.preprocessing, fields.tap, activationRanges, fields.pool);
  const recipe = { ...fields.preprocessing, views: fields.views };
  const pipeline = openPipeline(recipe, { threads, signal });
  try {
    compareCanaries(manifest.canary, await measureCanary(backbone, fields.pool), madeBy, backbone);
    const results = unchanged(pipeline.decode(images), wanted);
    const room = (): number => Math.max(1, Math.floor(options.batch / rowsPerImage(fields)));
    for await (const batch of pixelBatches(results, recipe, room, (sha256) => rows.has(sha256))) {
      const { data } = poolRows(await backbone.run(batch.pixels), fields.pool, fields.prefixTokens);
      const size = data.length / batch.images.length;
      for (const [i, sha256] of batch.images.entries()) rows.set(sha256, data.slice(i * size, (i + 1) * size));
      options.onProgress?.({ stage: 'repair', unit: 'images', done: rows.size, total: lost.length });
    }
    return rows;
  } finally {
    await pipeline.close();
    await backbone.close();
  }
}

/** sha256 by path of every file of a lost image: the one in the index, and its copies. */
function filesOf(folder: string, state: SetState, lost: readonly IndexedImage[]): ReadonlyMap<string, string> {
  const found = new Map(lost.map(({ path, sha256 }) => [path, sha256]));
  const sha256OfRow = new Map(lost.map(({ row, sha256 }) => [row, sha256]));
  for (const { path, row } of parseOutcomes(state.outcomes, join(folder, outcomesFile))) {
    const sha256 = row === undefined ? undefined : sha256OfRow.get(row);
    if (sha256 !== undefined) found.set(path, sha256);
  }
  return found;
}

/** Results of files whose bytes are unchanged. */
async function* unchanged<T extends { readonly image: ImageFile; readonly sha256?: string | undefined }>(
  results: AsyncIterable<T>,
  wanted: ReadonlyMap<string, string>,
): AsyncGenerator<T> {
  for await (const result of results) if (result.sha256 === wanted.get(result.image.relativePath)) yield result;
}
