import { join } from 'node:path';
import { manifestFile } from '../features/manifest/layout.ts';
import { UserError } from '../system/errors.ts';
import { listIfThere, nodeFiles, statIfThere } from '../system/files.ts';

/** A feature set's folder, and how many others were there to choose from. */
export interface ChosenFeatures {
  readonly folder: string;
  readonly others: number;
}

/**
 * The feature set whose manifest is the newest, for a user who named none.
 *
 * @throws UserError when the cache holds none
 */
export async function newestFeatureSet(cache: string): Promise<ChosenFeatures> {
  const found: { readonly folder: string; readonly time: number }[] = [];
  for (const name of await listIfThere(nodeFiles, cache)) {
    const folder = join(cache, name);
    const manifest = await statIfThere(nodeFiles, join(folder, manifestFile));
    if (manifest !== undefined) found.push({ folder, time: manifest.mtimeMs });
  }
  found.sort((a, b) => b.time - a.time || (a.folder < b.folder ? -1 : 1));
  const newest = found[0];
  if (newest !== undefined) return { folder: newest.folder, others: found.length - 1 };
  throw new UserError({
    what: 'there is no feature set to train on',
    where: cache,
    fix: 'featuretap extract --data FOLDER makes one; or name one with --features FOLDER',
  });
}
