import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { UserError } from '../../../system/errors.ts';
import { compareCodePoints } from './code-point-order.ts';

/** Extensions of image files, in any letter case. */
export const imageExtensions: readonly string[] = ['jpg', 'jpeg', 'png', 'webp', 'gif', 'tiff', 'tif', 'avif'];

const imageName = new RegExp(`\\.(${imageExtensions.join('|')})$`, 'i');

export function isImageName(name: string): boolean {
  return imageName.test(name) && !isHidden(name);
}

/** `photos/a.b.jpg` -> `photos/a.b` */
export function withoutExtension(path: string): string {
  return path.replace(imageName, '');
}

/** Names that file managers and archivers leave behind hold no photos. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX';
}

/** What one folder holds that matters here; names only, sorted by code point. */
export interface FolderListing {
  readonly images: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Lists one folder. Links to files count as files, a dangling one too, so that it is reported and not passed over;
 * pipes, sockets and devices are left out, because reading one may never end.
 *
 * @throws UserError if the folder cannot be read
 */
export async function listFolder(folder: string): Promise<FolderListing> {
  const images: string[] = [];
  const folders: string[] = [];
  for (const entry of await readFolder(folder)) {
    if (isHidden(entry.name)) continue;
    const kind = await kindOf(folder, entry);
    if (kind === 'folder') folders.push(entry.name);
    else if (kind === 'file' && isImageName(entry.name)) images.push(entry.name);
  }
  return { images: images.sort(compareCodePoints), folders: folders.sort(compareCodePoints) };
}

/**
 * Every image under `folder`, as paths relative to it with forward slashes, sorted by code point. A linked folder is
 * entered unless its images are listed anyway or the link leads back up.
 */
export async function walkImages(folder: string, root: string): Promise<readonly string[]> {
  const found: string[] = [];
  const realRoot = await realpath(root);
  const entered = new Set<string>();
  await walk(folder, '');
  return found.sort(compareCodePoints);

  async function walk(path: string, prefix: string): Promise<void> {
    const real = await realpath(path);
    if (entered.has(real)) return;
    entered.add(real);
    const listing = await listFolder(path);
    for (const name of listing.images) found.push(prefix + name);
    for (const name of listing.folders) {
      const inner = join(path, name);
      if (await leadsElsewhere(inner, real, name)) await walk(inner, `${prefix}${name}/`);
    }
  }

  async function leadsElsewhere(path: string, parent: string, name: string): Promise<boolean> {
    const real = await realpath(path);
    if (real === join(parent, name)) return true;
    return !isListedUnder(realRoot, real) && !contains(real, realRoot);
  }
}

/** Whether a walk of `root` lists this real path by itself: inside, and no part of the way hidden. */
export function isListedUnder(realRoot: string, real: string): boolean {
  return contains(realRoot, real) && !relative(realRoot, real).split(sep).some(isHidden);
}

function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || !(path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path));
}

async function readFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw folderError(folder, error);
  }
}

async function kindOf(folder: string, entry: Dirent): Promise<'file' | 'folder' | 'other'> {
  const kind = (what: Dirent | Stats): 'file' | 'folder' | 'other' =>
    what.isFile() ? 'file' : what.isDirectory() ? 'folder' : 'other';
  if (!entry.isSymbolicLink()) return kind(entry);
  try {
    return kind(await stat(join(folder, entry.name)));
  } catch {
    return 'file';
  }
}

export function folderError(folder: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Record<string, string> = {
    ENOENT: 'no such folder',
    ENOTDIR: 'a file, not a folder',
    EACCES: 'no permission to read it',
  };
  return new UserError({
    what: 'the data folder cannot be read',
    where: folder,
    found: reasons[code ?? ''] ?? (error instanceof Error ? error.message : String(error)),
    expected: 'a folder with labels.csv and train/, with one folder per class, or with images',
    fix: '--data FOLDER',
    cause: error,
  });
}
