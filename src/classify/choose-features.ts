import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestFile } from '../features/manifest/layout.ts';
import { UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';
import { errorCode } from '../system/files.ts';

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
  for (const name of await folderNames(cache)) {
    const folder = join(cache, name);
    try {
      found.push({ folder, time: (await stat(join(folder, manifestFile))).mtimeMs });
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error;
    }
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

async function folderNames(cache: string): Promise<readonly string[]> {
  try {
    return await readdir(cache);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw new UserError({
      what: 'the cache cannot be read',
      where: cache,
      found: fileReason(error),
      cause: error,
    });
  }
}
