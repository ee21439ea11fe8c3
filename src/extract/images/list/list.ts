import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ImageList, LayoutOptions } from './image-file.ts';
import { imageExtensions } from './image-names.ts';
import { countLeftOut, describeCount } from './left-out.ts';
import { layoutError, listFolders } from './list-folders.ts';
import { listKaggle } from './list-kaggle.ts';
import { checkImageCount } from './most-images.ts';
import { openTree, type Tree } from './tree.ts';
import { folderError } from './walk.ts';

/**
 * Lists the files of a data folder, each as an input or as left out. Layouts:
 *
 * - table: labels.csv (a header; first column the id, second the label), train/ID.jpg, test/ without labels; in the
 *   order of labels.csv
 * - splits: train/, val/ and test/ with folders for the classes in each
 * - folders: folders that say the class; sorted by path, by code point
 * - flat: images without labels; sorted by name, by code point
 *
 * @throws UserError if the folder is none of these, or if labels.csv is broken
 */
export async function listImages(root: string, options: LayoutOptions = {}): Promise<ImageList> {
  const folder = resolve(root);
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (error) {
    throw folderError(folder, error);
  }
  const tree = await openTree(folder);
  checkImageCount(tree.images.length, folder);
  if (tree.tables.includes('labels.csv')) return listKaggle(tree);
  if (tree.images.length === 0) throw noImage(tree);
  const listed = listFolders(tree, options);
  return { ...listed, root: folder, missing: [], leftOut: [...tree.leftOut, ...listed.leftOut] };
}

function noImage({ root, leftOut, tables }: Tree): Error {
  const there = countLeftOut([...leftOut, ...tables.map((path) => ({ path, group: 'tables', reason: '' }))]);
  const found = there.slice(0, 5).map(describeCount).join(', ');
  return layoutError(
    root,
    found === '' ? 'no file' : `no image; ${found}`,
    `images are told by their bytes: ${imageExtensions.join(', ')} under any name`,
  );
}
