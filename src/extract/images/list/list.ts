import { indexFile, shardFile } from '../../../features/manifest/layout.ts';
import { UserError, usageError } from '../../../system/errors.ts';
import { ownCommand } from '../../../system/own-command.ts';
import { shortPath } from '../../../system/short-path.ts';
import { findTables } from './find-tables.ts';
import { otherData } from './holds-images.ts';
import type { ImageList, LayoutOptions } from './image-file.ts';
import { imageExtensions } from './image-names.ts';
import { countLeftOut, describeCount, type LeftOutFile } from './left-out.ts';
import { describeClasses, hasClassFolders, listFolders, toFiles } from './list-folders.ts';
import { listTables } from './list-table.ts';
import { checkImageCount } from './most-images.ts';
import { openTree, type Tree } from './tree.ts';

/**
 * Lists the files of a data folder, each as an input or as left out. Layouts:
 *
 * - table: a CSV, TSV, JSON Lines or Parquet file with images and labels; in the table's order
 * - splits: train/, val/ and test/ with class folders in each
 * - folders: class folders; sorted by path, by code point
 * - flat: images without labels; sorted by name, by code point
 *
 * @throws UserError if the folder has none of these layouts, or if a table is invalid or ambiguous
 */
export async function listImages(root: string, options: LayoutOptions = {}, signal?: AbortSignal): Promise<ImageList> {
  const tree = await openTree(root, signal);
  signal?.throwIfAborted();
  const { root: folder } = tree;
  if (isFeatureSet(tree)) throw featureSetAsData(folder);
  checkImageCount(tree.images.length, folder);
  if (tree.images.length === 0 && tree.tables.length === 0) throw noImage(tree);
  const byFolders = options.depth !== undefined || options.labelFrom !== undefined;
  if (byFolders && options.labels !== undefined) {
    throw usageError('--labels', 'given with --depth or --label-from', 'one of the two');
  }
  const byClassFiles = tree.classOf !== undefined && options.labels === undefined && !byFolders;
  const { tables, unused } =
    byFolders || byClassFiles
      ? {
          tables: [],
          unused: tree.tables.map((path) => ({
            path,
            why: byFolders ? 'the folders say the classes, as asked' : 'the .cls files say the classes',
          })),
        }
      : await findTables(tree, options, tree.tables.length > 0 && hasClassFolders(tree));
  const [first] = tables;
  if (first === undefined && tree.images.length === 0) throw noImage(tree);
  const listed =
    first !== undefined
      ? await listTables(tree, tables, options)
      : byClassFiles
        ? listClassFiles(tree)
        : listFolders(tree, options);
  const notUsed = unused.map(({ path, why }) => ({
    path,
    group: `tables not used (${path}: ${why})`,
    reason: why,
  }));
  const leftOut = [...tree.leftOut, ...notUsed, ...listed.leftOut];
  return { missing: [], ...listed, root: folder, leftOut };
}

function isFeatureSet({ tables, leftOut }: Tree): boolean {
  return tables.includes(indexFile) && leftOut.some(({ path }) => path === shardFile(0));
}

function featureSetAsData(folder: string): UserError {
  return new UserError({
    what: 'this is a feature set, not a folder of images',
    where: folder,
    expected: 'a folder of images; classify takes feature sets',
    fix: ownCommand('classify', ['--features', shortPath(folder), '--model', 'all']),
  });
}

function noImage({ root, leftOut, tables }: Tree): Error {
  const there = countLeftOut([...leftOut, ...tables.map((path) => ({ path, group: 'tables', reason: '' }))]);
  const found = there.slice(0, 5).map(describeCount).join(', ');
  return new UserError({
    what: found === '' ? 'the data folder is empty' : 'the data folder holds no image',
    where: root,
    found: found === '' ? 'no file' : found,
    expected: `images, detected by their bytes: ${imageExtensions.join(', ')} under any name`,
    ...(otherData(root) ?? { fix: 'put images into it, or name another folder with --data' }),
  });
}

/** webdataset: KEY.cls holds the class of KEY.jpg. Images without one are left out. */
function listClassFiles(tree: Tree): Pick<ImageList, 'layout' | 'reading' | 'images' | 'leftOut'> {
  const paths: string[] = [];
  const labels: string[] = [];
  const leftOut: LeftOutFile[] = [];
  for (const path of tree.images) {
    const label = tree.classOf?.(path) ?? '';
    if (label === '')
      leftOut.push({ path, group: 'images without a .cls', reason: 'no .cls beside it', kind: 'unnamed' });
    else {
      paths.push(path);
      labels.push(label);
    }
  }
  const reading = [`class = the .cls file beside each image: ${describeClasses(labels)}`];
  return { layout: 'table', reading, images: toFiles(tree, paths, labels), leftOut };
}
