import { basename, dirname, join } from 'node:path';
import { manifestFile } from '../features/manifest/layout.ts';
import { UserError } from '../system/errors.ts';
import { listIfThere, nodeFiles, statIfThere } from '../system/files.ts';
import { nearestName } from '../system/nearest.ts';

/** A feature set's folder, and how many others were there to choose from. */
interface ChosenFeatures {
  readonly folder: string;
  readonly others: number;
}

/**
 * The folder of a feature set that a user named by its folder or, where there is no such folder, by its name in the cache.
 *
 * @throws UserError that lists the sets of the cache where there is neither
 */
export async function namedFeatureSet(name: string, cache: string): Promise<string> {
  const there = await statIfThere(nodeFiles, name);
  if (there !== undefined) {
    const within = await setMeant(name, there.isDirectory());
    if (within === undefined) return name;
    throw new UserError({
      what: 'this is not a feature set',
      where: name,
      found: name,
      expected: within.join(' | '),
      instead: within[0],
    });
  }
  const known = await listSets(cache);
  const folder = join(cache, name);
  if (known.some((set) => set.folder === folder)) return folder;
  const folders = known.map((set) => set.folder);
  const instead = nearestName(folder, folders) ?? nearestName(name, folders);
  throw new UserError({
    what: 'there is no feature set here',
    where: name,
    found: name,
    ...(known.length === 0 ? {} : { expected: folders.join(' | ') }),
    ...(instead === undefined
      ? { fix: 'featuretap extract --data FOLDER makes one under cache/; name it with --features cache/NAME' }
      : { instead }),
  });
}

/** The sets that were meant, newest first, by a folder that holds them or the manifest of one; undefined for what may be features. */
async function setMeant(path: string, isFolder: boolean): Promise<readonly string[] | undefined> {
  if (!isFolder) return basename(path) === manifestFile ? [dirname(path)] : undefined;
  const names = await listIfThere(nodeFiles, path);
  if (names.includes(manifestFile) || names.some((name) => name.endsWith('.npy'))) return undefined;
  const sets = await listSets(path);
  return sets.length === 0 ? undefined : sets.map(({ folder }) => folder);
}

/**
 * The feature set whose manifest is the newest, for a user who named none.
 *
 * @throws UserError when the cache holds none
 */
export async function newestFeatureSet(cache: string): Promise<ChosenFeatures> {
  const found = await listSets(cache);
  const newest = found[0];
  if (newest !== undefined) return { folder: newest.folder, others: found.length - 1 };
  throw new UserError({
    what: 'there is no feature set to train on',
    where: cache,
    fix: 'featuretap extract --data FOLDER makes one; or name one with --features FOLDER',
  });
}

/** The newest first. */
async function listSets(cache: string): Promise<readonly { readonly folder: string; readonly time: number }[]> {
  const found: { readonly folder: string; readonly time: number }[] = [];
  for (const name of await listIfThere(nodeFiles, cache)) {
    const folder = join(cache, name);
    const manifest = await statIfThere(nodeFiles, join(folder, manifestFile));
    if (manifest !== undefined) found.push({ folder, time: manifest.mtimeMs });
  }
  return found.sort((a, b) => b.time - a.time || (a.folder < b.folder ? -1 : 1));
}
