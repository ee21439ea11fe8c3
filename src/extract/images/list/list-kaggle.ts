import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../system/errors.ts';
import type { ImageFile, ImageList } from './image-file.ts';
import { withoutExtension } from './image-names.ts';
import { readLabels } from './labels-csv.ts';
import type { LeftOutFile } from './left-out.ts';
import { unlabelled } from './list-folders.ts';
import { checkImageCount } from './most-images.ts';
import type { Tree } from './tree.ts';

/**
 * Kaggle's layout: labels.csv, train/ID.jpg, test/ without labels. Order of labels.csv, test/ by code point.
 *
 * @throws UserError if labels.csv is broken, train/ is not there, or an id has two files
 */
export async function listKaggle(tree: Tree): Promise<ImageList> {
  const { root } = tree;
  const file = join(root, 'labels.csv');
  const { header, rows } = await readLabels(file);
  checkImageCount(rows.length, root);
  if (!(await isFolder(join(root, 'train')))) {
    throw new UserError({
      what: 'labels.csv has no train folder beside it',
      where: root,
      expected: 'train/ID.jpg for every id of labels.csv',
      fix: 'put the images into train/, or take labels.csv away where folders name the classes',
    });
  }
  const names = tree.images.filter((path) => /^train\/[^/]+$/.test(path)).map((path) => path.slice('train/'.length));
  const byId = indexNames(names);
  const headerFiles = byId(header[0] ?? '');
  if (headerFiles.length > 0) {
    throw new UserError({
      what: 'labels.csv has no header',
      where: `${file}, line 1`,
      found: `${header.join(',')}, which names train/${headerFiles[0]}`,
      expected: 'a first line such as id,label',
      fix: 'put a line id,label before it',
    });
  }
  const images: ImageFile[] = [];
  const missing: { id: string; label: string }[] = [];
  const lineOfName = new Map<string, number>();
  for (const { id, label, line } of rows) {
    const found = byId(id);
    const [name] = found;
    if (name === undefined) {
      missing.push({ id, label });
      continue;
    }
    const earlier = lineOfName.get(name);
    if (found.length > 1 || earlier !== undefined) {
      throw new UserError({
        what: found.length > 1 ? 'one id of labels.csv has several files' : 'two ids of labels.csv have one file',
        where: `${file}, line ${line}`,
        found:
          found.length > 1
            ? `id ${id}: ${found.map((each) => `train/${each}`).join(', ')}`
            : `id ${id}, whose train/${name} is the file of line ${earlier} too`,
        expected: 'one file per id',
        fix: 'remove the file, or the line, that is one too many',
      });
    }
    lineOfName.set(name, line);
    images.push({ ...toFile(root, 'train', name), id, label });
  }
  const used = new Set(images.map(({ relativePath }) => relativePath));
  const leftOut = tree.images.filter((path) => !used.has(path)).map((path) => leaveOut(path));
  const reading = [`labels.csv: id = ${header[0]}, label = ${header[1]}`];
  return { layout: 'table', root, reading, images, missing, leftOut: [...tree.leftOut, ...leftOut] };
}

function leaveOut(path: string): LeftOutFile {
  const [folder = ''] = path.split('/', 1);
  if (folder === 'test') return unlabelled(path, folder);
  const group = `images in ${folder}/ that labels.csv does not name`;
  return { path, group, reason: 'labels.csv does not name it', kind: 'unnamed' };
}

/**
 * Files of an id: those whose name without extension is the id, else the one whose whole name it is. Both sides in
 * Unicode's NFC, because some file systems take names apart.
 */
function indexNames(names: readonly string[]): (id: string) => readonly string[] {
  const byStem = new Map<string, string[]>();
  const byName = new Map<string, string[]>();
  for (const name of names) {
    add(byStem, withoutExtension(name).normalize('NFC'), name);
    add(byName, name.normalize('NFC'), name);
  }
  return (id) => byStem.get(id.normalize('NFC')) ?? byName.get(id.normalize('NFC')) ?? [];
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

function toFile(root: string, folder: string, name: string): ImageFile {
  return {
    id: withoutExtension(name).normalize('NFC'),
    path: join(root, folder, name),
    relativePath: `${folder}/${name}`,
  };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
