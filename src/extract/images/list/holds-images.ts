import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { manifestFile } from '../../../features/manifest/layout.ts';
import { isArchiveName } from '../../../formats/archive/list-archive.ts';
import { isTableName } from '../../../formats/table/open-table.ts';
import type { UserErrorParts } from '../../../system/errors.ts';
import { entriesIfThere } from '../../../system/files.ts';
import { shortPath } from '../../../system/short-path.ts';
import { isHidden, isImageName } from './image-names.ts';

/** Folders that are looked into, at most: this is for messages, which must not wait for a large disk. */
const mostFolders = 100;

/** Files that make a folder a feature set or a report: its tables are not of images. */
const ownFiles: readonly string[] = [manifestFile, 'report.json'];

/** Whether a folder looks like one of images: by the names of its files, and those of the folders in it. */
export function holdsImages(folder: string): boolean {
  const folders = [folder];
  for (let at = 0; at < Math.min(folders.length, mostFolders); at++) {
    const path = folders[at] as string;
    const entries = entriesIfThere(path).filter(({ name }) => !isHidden(name) && name !== 'node_modules');
    if (entries.some(({ name }) => ownFiles.includes(name))) continue;
    if (entries.some(({ name }) => isImageName(name) || isArchiveName(name) || isTableName(name))) return true;
    for (const entry of entries) if (entry.isDirectory()) folders.push(join(path, entry.name));
  }
  return false;
}

/** Names of the folders and archives in a folder that hold images. */
export function imageFolders(folder: string): readonly string[] {
  // Of a link that leads nowhere nothing can be read.
  return entriesIfThere(folder)
    .filter(({ name }) => !isHidden(name) && existsSync(join(folder, name)))
    .filter(({ name }) => isArchiveName(name) || holdsImages(join(folder, name)))
    .map(({ name }) => name)
    .sort();
}

/** The same beside a path, without its own name. */
export function dataBeside(path: string): readonly string[] {
  return imageFolders(dirname(resolve(path))).filter((name) => name !== basename(resolve(path)));
}

/** The same command with a folder beside that holds images; undefined if there is none. */
export function otherData(root: string): Pick<UserErrorParts, 'option'> | undefined {
  const [first] = dataBeside(root);
  return first === undefined ? undefined : { option: { name: 'data', value: shortPath(join(dirname(root), first)) } };
}
