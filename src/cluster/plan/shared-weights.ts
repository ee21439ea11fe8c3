import { existsSync } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { knownWeights } from '../../extract/weights/known-weights.ts';
import { knownWeightsFile, type LoadWeightsOptions, loadKnown } from '../../extract/weights/load-weights.ts';
import { UserError } from '../../system/errors.ts';
import { makeFolder } from '../../system/make-folder.ts';

/** Where weights of a known name lie for the tasks: below the feature sets, in the folder that all of them see. */
export function weightsHome(weights: string, cache: string): string | undefined {
  return Object.hasOwn(knownWeights, weights) ? join(cache, '.featuretap') : undefined;
}

/**
 * Puts the file of known weights where every task finds it, so that it is downloaded once and not by each: a copy of this
 * user's own where there is one, else downloaded. Does nothing for weights that are no known name.
 *
 * @throws UserError as `loadWeights` does, and where the folder cannot be written
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
  // Checks the copy by its hash, and downloads where there is none.
  await loadKnown(known, { ...options, cacheFolder: home });
}

/** Nobody finds half a file under its name, and two that copy at once do not meet. */
async function copyWhole(from: string, to: string): Promise<void> {
  const unfinished = `${to}.${hostname()}.${process.pid}.copy`;
  try {
    await makeFolder(dirname(to));
    await copyFile(from, unfinished);
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw new UserError({
      what: 'the weights cannot be put beside the feature sets, where every task finds them',
      where: to,
      found: (error as Error).message,
      fix: 'make room or choose another folder with --cache, or name a file that all nodes see: --weights FILE',
      cause: error,
    });
  }
}
