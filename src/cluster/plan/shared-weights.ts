import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { knownWeights } from '../../extract/weights/known-weights.ts';
import { knownWeightsFile, type LoadWeightsOptions, loadKnown } from '../../extract/weights/load-weights.ts';
import { makeFolder, writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { nodeFiles, readBlocks } from '../../system/files.ts';

/** Folder of known weights for the tasks: below the shared folder of feature sets. */
export function weightsHome(weights: string, cache: string): string | undefined {
  return Object.hasOwn(knownWeights, weights) ? join(cache, '.featuretap') : undefined;
}

/**
 * Puts the file of known weights into the shared folder, so that it is downloaded only once: copies this user's file if
 * there is one, else downloads it. Does nothing for other weights.
 *
 * @throws UserError as `loadWeights`, and if the folder cannot be written
 */
export async function shareWeights(
  weights: string,
  cache: string,
  options: Omit<LoadWeightsOptions, 'cacheFolder'> = {},
): Promise<void> {
  const [home, known] = [weightsHome(weights, cache), knownWeights[weights]];
  if (home === undefined || known === undefined) return;
  const own = knownWeightsFile(weights) as string;
  const shared = knownWeightsFile(weights, home) as string;
  if (existsSync(own) && !existsSync(shared)) await copyWhole(own, shared);
  // Checks the hash of the copy, or downloads the file.
  await loadKnown(known, { ...options, cacheFolder: home });
}

/** Copies a file atomically; concurrent copies do not interfere. */
async function copyWhole(from: string, to: string): Promise<void> {
  try {
    await makeFolder(nodeFiles, dirname(to));
    await writeDurably(nodeFiles, to, readBlocks(nodeFiles, from));
  } catch (error) {
    throw new UserError({
      what: 'the weights cannot be put beside the feature sets, where every task finds them',
      where: to,
      found: error instanceof UserError ? (error.parts.found ?? error.parts.what) : String(error),
      fix: 'make room or choose another folder with --cache, or name a file that all nodes see: --weights FILE',
      cause: error,
    });
  }
}
