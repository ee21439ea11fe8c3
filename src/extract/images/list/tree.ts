import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type ArchiveEntry, entryHeadSync, readEntrySync } from '../../../formats/archive/entry.ts';
import { isArchiveName, listArchive } from '../../../formats/archive/list-archive.ts';
import { isTableName } from '../../../formats/table/open-table.ts';
import { bytesSource, fileSource, type TableSource } from '../../../formats/table/table.ts';
import { compareCodePoints } from '../../../rows/classes.ts';
import { lookUp } from '../../../system/at.ts';
import { errorCode, messageOf, UserError } from '../../../system/errors.ts';
import { brokenLink } from '../../../system/file-reason.ts';
import { nearestName } from '../../../system/nearest.ts';
import { readRangeSync } from '../../../system/regular-file.ts';
import { sniff, sniffBytes } from '../decode/sniff.ts';
import { dataBeside, otherData } from './holds-images.ts';
import { isHidden, isImageName, withoutExtension } from './image-names.ts';
import { hidden, type LeftOutFile, noImage } from './left-out.ts';
import { folderError, type Walked, walkFiles } from './walk.ts';

/** Folders that are shown, so that a message stays one. */
const mostNamed = 6;

/** Location of a file of the tree. */
export interface Located {
  readonly path: string;
  /** Where `path` is an archive. */
  readonly entry?: ArchiveEntry;
}

/** Every file under a data folder, or in an archive. */
export interface Tree extends Walked {
  readonly root: string;
  locate(relativePath: string): Located;
  /** Of one of the tables. */
  table(relativePath: string): TableSource;
  /** Contents of an image's .cls file (webdataset); undefined if there is none. */
  classOf?(relativePath: string): string | undefined;
}

/** No table in an archive is larger. */
const largestTable = 512 * 1024 * 1024;
const largestClass = 4096;

/**
 * The files of a data folder, an archive, or a folder of archives (webdataset's shards).
 *
 * @throws UserError if it cannot be read, or an archive is refused
 */
export async function openTree(root: string, signal?: AbortSignal): Promise<Tree> {
  const folder = resolve(root);
  if (await isFile(folder, root)) {
    if (!isArchiveName(folder) && 'kind' in sniff(readRangeSync(folder, 0, sniffBytes))) throw oneImage(root);
    return archiveTree(folder, [{ prefix: '', archive: folder }]);
  }
  const walked = await walkFiles(folder, signal);
  const archives = walked.images.length > 0 ? [] : walked.leftOut.filter(({ path }) => isArchiveName(path));
  if (archives.length > 0) {
    const inside = await archiveTree(
      folder,
      archives.map(({ path }) => ({ prefix: `${path}/`, archive: join(folder, path) })),
    );
    const own = new Set(walked.tables);
    return {
      ...inside,
      tables: [...walked.tables, ...inside.tables],
      leftOut: [...walked.leftOut.filter(({ path }) => !isArchiveName(path)), ...inside.leftOut],
      table: (path) => (own.has(path) ? fileSource(join(folder, path)) : inside.table(path)),
    };
  }
  return {
    ...walked,
    root: folder,
    locate: (path) => ({ path: join(folder, path) }),
    table: (path) => fileSource(join(folder, path)),
  };
}

function oneImage(root: string): UserError {
  return new UserError({
    what: 'the data folder cannot be read',
    where: '--data',
    found: root,
    expected: 'a folder of images, or an archive; this is one image',
    instead: dirname(root),
  });
}

/** @param root as it was typed */
async function isFile(path: string, root: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (found.isFile() || found.isDirectory()) return found.isFile();
    throw Object.assign(new Error('neither a folder nor a file'), { code: 'ENOTDIR' });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw folderError(path, error);
    const beside = dataBeside(root);
    const near = nearestName(basename(path), beside);
    const link = brokenLink(path);
    throw new UserError({
      what: link === undefined ? 'there is no such data folder' : `the data folder is ${link}`,
      where: path,
      found: root,
      expected: `a folder with one folder per class, with a table beside its images, or with images${beside.length === 0 ? '' : `; there: ${beside.slice(0, mostNamed).join(', ')}`}`,
      cause: error,
      ...(near === undefined
        ? (otherData(root) ?? { fix: 'name a folder or an archive of images with --data' })
        : { instead: join(dirname(root), near) }),
    });
  }
}

interface Shard {
  readonly prefix: string;
  readonly archive: string;
}

async function archiveTree(root: string, shards: readonly Shard[]): Promise<Tree> {
  const images: string[] = [];
  const tables: string[] = [];
  const leftOut: LeftOutFile[] = [];
  const located = new Map<string, Required<Located>>();
  /** webdataset's labels by key: the path up to the first dot of the name. */
  const classes = new Map<string, string>();
  for (const { prefix, archive } of shards) {
    for (const entry of await listArchive(archive)) {
      const path = prefix + entry.name;
      const name = basename(entry.name);
      located.set(path, { path: archive, entry });
      if (entry.name.split('/').some(isHidden)) leftOut.push(hidden(path));
      else if (isImageName(name)) images.push(path);
      else if (isTableName(name)) tables.push(path);
      else if (name.endsWith('.cls')) classes.set(keyOf(path), path);
      else {
        const found = sniff(entryHeadSync(archive, entry, sniffBytes));
        if ('kind' in found) images.push(path);
        else leftOut.push(noImage(path, found.refused));
      }
    }
  }
  const read = (path: string, limit: number): Buffer => {
    const { path: archive, entry } = lookUp(located, path);
    try {
      const { bytes, size } = readEntrySync(archive, entry, limit);
      if (bytes !== undefined) return bytes;
      throw new Error(`${size} bytes, above the limit of ${limit}`);
    } catch (error) {
      throw new UserError({
        what: 'a file in an archive cannot be read',
        where: `${archive}, ${entry.name}`,
        found: messageOf(error),
        fix: 'unpack the archive, fix the file, and --data FOLDER',
        cause: error,
      });
    }
  };
  return {
    root,
    images: images.sort(compareCodePoints),
    tables: tables.sort(compareCodePoints),
    leftOut: leftOut.sort((a, b) => compareCodePoints(a.path, b.path)),
    locate: (path) => lookUp(located, path),
    table: (path) => bytesSource(read(path, largestTable), join(root, path)),
    ...(classes.size === 0
      ? {}
      : {
          classOf: (path: string): string | undefined => {
            const file = classes.get(withoutExtension(path)) ?? classes.get(keyOf(path));
            return file === undefined ? undefined : read(file, largestClass).toString('utf8').trim();
          },
        }),
  };
}

/** webdataset's key: the path up to the first dot of the name. */
function keyOf(path: string): string {
  const dot = path.indexOf('.', path.lastIndexOf('/') + 1);
  return dot === -1 ? path : path.slice(0, dot);
}
