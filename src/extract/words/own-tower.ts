import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Manifest } from '../../features/manifest/manifest.ts';
import { UserError } from '../../system/errors.ts';
import { ownCommand } from '../../system/own-command.ts';
import type { OnProgress } from '../../system/progress.ts';
import { shortPath } from '../../system/short-path.ts';
import { setBeside } from '../maps-command.ts';
import { userCacheFolder } from '../weights/download/cache-folder.ts';
import { downloadNetwork } from '../weights/hub/download-network.ts';
import { parseHubName } from '../weights/hub/hub-name.ts';
import { openTextTower, type TextTower } from './text-tower.ts';

/** What a feature set records about its network. */
interface WordsOf extends Pick<Manifest, 'fields' | 'madeBy' | 'dims'> {
  readonly folder: string;
}

export interface OwnTowerOptions {
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Where downloads are kept; default: the user's cache. */
  readonly cacheFolder?: string | undefined;
}

/**
 * Opens the text encoder of a feature set's network; a network of a hub at the pinned commit, downloaded if necessary.
 * `close()` it.
 *
 * @throws UserError if the network has none, or the set's rows are not image embeddings
 */
export async function openOwnTower(set: WordsOf, options: OwnTowerOptions = {}): Promise<TextTower> {
  const { weights, weightsFile, weightsVariant: variant } = set.madeBy;
  const { threads, signal, onProgress, cacheFolder = userCacheFolder() } = options;
  const name = parseHubName(weights);
  let folder = publishedFolder(weightsFile);
  if (name !== undefined) {
    const network = await downloadNetwork(name, {
      variant,
      tower: 'text',
      cacheFolder,
      signal,
      onProgress: ({ receivedBytes, totalBytes }) =>
        onProgress?.({ stage: `download ${weights}`, unit: 'bytes', done: receivedBytes, total: totalBytes }),
    });
    folder = network.folder;
  }
  if (folder === undefined) throw notComparable(set, `${set.fields.architecture} from ${weights}`);
  const tower = await openTextTower(folder, { variant, threads });
  const { tap, pool } = set.fields;
  if (pool === 'none' && usualTaps.has(tap) && tower.dims === set.dims) return tower;
  await tower.close();
  throw notComparable(set, `${pool === 'none' ? tap : `${pool} of ${tap}`}, ${set.dims} numbers`);
}

const usualTaps: ReadonlySet<string> = new Set(['image_embeds', 'pooler_output']);

/** Folder of a published network, whose graph is in its folder onnx. */
function publishedFolder(weightsFile: string | undefined): string | undefined {
  if (weightsFile?.endsWith('.onnx') !== true) return undefined;
  const folder = dirname(dirname(weightsFile));
  return existsSync(folder) ? folder : undefined;
}

/** A published network with both encoders. */
export const wordsNetwork = 'hf:Xenova/clip-vit-base-patch32';

function notComparable({ folder, madeBy }: WordsOf, found: string): UserError {
  const beside = setBeside(folder, 'clip');
  return new UserError({
    what: 'the features of this set cannot be compared with text',
    where: folder,
    found,
    expected: "an image's vector of a network with a text encoder: CLIP's image_embeds, SigLIP's pooler_output",
    first: ownCommand('extract', ['--data', shortPath(madeBy.data), '--weights', wordsNetwork, ...beside.options]),
    option: { name: 'features', value: beside.folder },
  });
}
