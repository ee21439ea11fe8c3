import { basename, dirname, join } from 'node:path';
import { manifestFile, runFolder, unlabelledSuffix } from '../features/manifest/layout.ts';
import { UserError } from '../system/errors.ts';
import { listIfThere, nodeFiles, statIfThere } from '../system/files.ts';
import { nearestName, sameBeginning } from '../system/nearest.ts';

/**
 * The folder of the feature set that the user named, by its folder or by its name in the cache; the newest one if none
 * was named. Prints the choice, unless it is the name as given.
 *
 * @throws UserError that lists the sets of the cache if none has that name, or if there is none
 */
export async function chosenFeatureSet(
  name: string | undefined,
  cache: string,
  onNote: (text: string) => void,
): Promise<string> {
  const known = name === undefined ? await listSets(cache) : [];
  const folder = name === undefined ? newestOf(known, cache) : await namedFeatureSet(name, cache);
  const others = known.length < 2 ? '' : `, the newest of ${known.length} (--features names another)`;
  if (folder !== name) onNote(`features: ${folder}${others}`);
  return folder;
}

async function namedFeatureSet(name: string, cache: string): Promise<string> {
  const there = await statIfThere(nodeFiles, name);
  if (there !== undefined) {
    const meant = await setsMeant(name, there.isDirectory(), cache);
    if (meant.length === 0) return name;
    throw new UserError({
      what: 'this is not a feature set',
      where: name,
      found: name,
      expected: meant.join(' | '),
      instead: meant[0],
      exitCode: 2,
    });
  }
  const cached = (await listSets(cache)).map((set) => set.folder);
  const folder = join(cache, name);
  if (cached.includes(folder)) return folder;
  const beside = (await listSets(dirname(name))).map((set) => set.folder);
  const folders = [...new Set([...beside, ...cached])];
  const instead = nearSet(join(name), beside) ?? nearSet(folder, cached) ?? folders[0];
  throw new UserError({
    what: 'there is no feature set here',
    where: name,
    found: name,
    ...(folders.length === 0 ? {} : { expected: folders.join(' | ') }),
    ...(instead === undefined
      ? {
          fix: 'featuretap extract --data FOLDER\nmakes one under cache/ of images; name it with --features cache/NAME',
        }
      : { instead }),
  });
}

/** The set with the name nearest to a mistyped path, or with one that starts like it. */
function nearSet(typed: string, folders: readonly string[]): string | undefined {
  const near =
    nearestName(typed, folders) ??
    sameBeginning(
      basename(typed),
      folders.map((folder) => basename(folder)),
    );
  return folders.find((folder) => folder === near || basename(folder) === near);
}

/**
 * Suggestions for a path that is not a feature set: the sets inside it, or the one whose manifest it is, else those of
 * the cache, newest first. Empty for a set, complete or not.
 */
async function setsMeant(path: string, isFolder: boolean, cache: string): Promise<readonly string[]> {
  if (!isFolder && basename(path) === manifestFile) return [dirname(path)];
  const names = isFolder ? await listIfThere(nodeFiles, path) : [basename(path)];
  if (names.some((name) => name === manifestFile || name === runFolder || name.endsWith('.npy'))) return [];
  const within = isFolder ? await listSets(path) : [];
  const sets = (within.length > 0 ? within : await listSets(cache)).map(({ folder }) => folder);
  // Of a folder of photos, its own set first.
  const near = within.length > 0 ? undefined : nearSet(join(cache, basename(path)), sets);
  return near === undefined ? sets : [near, ...sets.filter((folder) => folder !== near)];
}

function newestOf([newest]: readonly FoundSet[], cache: string): string {
  if (newest !== undefined) return newest.folder;
  throw new UserError({
    what: 'there is no feature set to train on',
    where: cache,
    fix: 'featuretap extract --data FOLDER\nmakes one of images; or name one with --features',
  });
}

export async function hasFeatureSet(cache: string): Promise<boolean> {
  return (await listSets(cache)).length > 0;
}

interface FoundSet {
  readonly folder: string;
  /** Modification time of the manifest, in milliseconds. */
  readonly time: number;
}

/** Newest first, and last the sets of unlabelled photos made by `suggest`. */
async function listSets(cache: string): Promise<readonly FoundSet[]> {
  const found: FoundSet[] = [];
  for (const name of await listIfThere(nodeFiles, cache)) {
    const folder = join(cache, name);
    const manifest = await statIfThere(nodeFiles, join(folder, manifestFile));
    if (manifest !== undefined) found.push({ folder, time: manifest.mtimeMs });
  }
  const last = ({ folder }: FoundSet): number => (folder.endsWith(unlabelledSuffix) ? 1 : 0);
  return found.sort((a, b) => last(a) - last(b) || b.time - a.time || (a.folder < b.folder ? -1 : 1));
}
