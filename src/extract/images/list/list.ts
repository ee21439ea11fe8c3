import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../../../system/errors.ts';
import type { ImageFile, ImageList } from './image-file.ts';
import { listKaggle } from './list-kaggle.ts';
import { checkImageCount } from './most-images.ts';
import { folderError, imageExtensions, listFolder, walkImages, withoutExtension } from './walk.ts';

/**
 * Lists the images of a data folder without opening any of them. Three layouts:
 *
 * - kaggle: labels.csv (a header; first column the id, second the label), train/ID.jpg, test/ without labels; in the
 *   order of labels.csv
 * - folders: one folder per class, images at any depth below; sorted by path, by code point
 * - flat: images without labels; sorted by name, by code point
 *
 * @throws UserError if the folder is none of these, or if labels.csv is broken
 */
export async function listImages(root: string): Promise<ImageList> {
  const folder = resolve(root);
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (error) {
    throw folderError(folder, error);
  }
  const { images, folders } = await listFolder(folder);
  if (await isFile(join(folder, 'labels.csv'))) return listKaggle(folder);
  const nested = folders.length === 0 ? [] : await walkFolders(folder, folders);
  if (images.length > 0 && nested.length > 0) {
    throw layoutError(
      folder,
      `${images.length} images (${images[0]}, …) beside folders with ${nested.length} images (${nested[0]}, …)`,
      'move the images into the folder of their class, or the folders elsewhere',
    );
  }
  if (images.length === 0 && nested.length === 0) {
    throw layoutError(folder, 'no image', `extensions that count: ${imageExtensions.join(', ')}`);
  }
  checkImageCount(Math.max(images.length, nested.length), folder);
  if (nested.length === 0) return { ...emptyList(folder, 'flat'), images: toFiles(folder, images) };
  refuseSplits(folder, nested);
  return {
    ...emptyList(folder, 'folders'),
    images: toFiles(folder, nested, (path) => path.slice(0, path.indexOf('/'))),
  };
}

function emptyList(root: string, layout: 'folders' | 'flat'): ImageList {
  return { layout, root, images: [], missing: [], unlabelled: [], unnamed: [] };
}

async function walkFolders(root: string, folders: readonly string[]): Promise<readonly string[]> {
  const paths = await walkImages(root, root);
  return folders.length === 0 ? [] : paths.filter((path) => path.includes('/'));
}

/** Folders of a ready-made split are not classes. */
function refuseSplits(root: string, paths: readonly string[]): void {
  const splits = new Set(['train', 'test', 'val', 'valid', 'validation']);
  const classes = [...new Set(paths.map((path) => path.slice(0, path.indexOf('/'))))];
  if (!classes.every((name) => splits.has(name.toLowerCase()))) return;
  throw new UserError({
    what: 'the folders of a split are not classes',
    where: root,
    found: `${classes.join(', ')} and no labels.csv`,
    expected: 'labels.csv beside train/, or one folder per class',
    fix: `put labels.csv there, or, where ${classes[0]}/ holds one folder per class: --data ${join(root, classes[0] ?? '')}`,
  });
}

function layoutError(root: string, found: string, fix: string): UserError {
  return new UserError({
    what: 'the data folder has no known layout',
    where: root,
    found,
    expected: 'labels.csv and train/, or one folder per class, or images alone',
    fix,
  });
}

function toFiles(root: string, paths: readonly string[], labelOf?: (path: string) => string): readonly ImageFile[] {
  const ids = idsOf(paths);
  return paths.map((relativePath, i) => ({
    id: ids[i] as string,
    path: join(root, relativePath),
    relativePath,
    ...(labelOf === undefined ? {} : { label: labelOf(relativePath).normalize('NFC') }),
  }));
}

/**
 * Ids are paths without extension; where two files would share one (a.jpg, a.png), each keeps its extension, and where
 * that is not enough (two spellings of é in Unicode; a.jpg.jpg beside those two), its path as it is.
 */
function idsOf(paths: readonly string[]): readonly string[] {
  const short = paths.map((path) => withoutExtension(path).normalize('NFC'));
  const shared = repeated(short);
  let ids = short.map((id, i) => (shared.has(id) ? (paths[i] as string).normalize('NFC') : id));
  // Paths differ, so each round turns at least one more id into its path.
  for (let clashes = repeated(ids); clashes.size > 0; clashes = repeated(ids)) {
    ids = ids.map((id, i) => (clashes.has(id) ? (paths[i] as string) : id));
  }
  return ids;
}

function repeated(ids: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) twice.add(id);
    seen.add(id);
  }
  return twice;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
