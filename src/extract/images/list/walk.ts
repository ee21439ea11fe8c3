import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isTableName } from '../../../formats/table/open-table.ts';
import { compareCodePoints } from '../../../rows/classes.ts';
import { errorCode, UserError } from '../../../system/errors.ts';
import { fileReason } from '../../../system/file-reason.ts';
import { readRangeSync } from '../../../system/regular-file.ts';
import { sniff, sniffBytes } from '../decode/sniff.ts';
import { otherData } from './holds-images.ts';
import { isHidden, isImageName } from './image-names.ts';
import { hidden, type LeftOutFile, noImage, notUtf8, special } from './left-out.ts';

/** Every file under a folder, in exactly one of three lists, as paths with forward slashes sorted by code point. */
export interface Walked {
  readonly images: readonly string[];
  /** Files that may be tables of labels. */
  readonly tables: readonly string[];
  readonly leftOut: readonly LeftOutFile[];
}

const openedAtOnce = 512;

/**
 * Lists every file under `root`. Linked folders are entered unless their files are listed anyway or the link leads back
 * up. Files with an image extension are not opened; for others the first bytes decide. A dangling link counts as a
 * file, so that it is reported.
 *
 * @throws UserError if a folder cannot be read; the signal's reason once it is aborted
 */
export async function walkFiles(root: string, signal?: AbortSignal): Promise<Walked> {
  const images: string[] = [];
  const tables: string[] = [];
  const leftOut: LeftOutFile[] = [];
  const realRoot = await realpath(root).catch((error) => {
    throw folderError(root, error);
  });
  const entered = new Set<string>();
  let opened = 0;
  await walk(root, realRoot, '');
  images.sort(compareCodePoints);
  tables.sort(compareCodePoints);
  return { images, tables, leftOut: leftOut.sort((a, b) => compareCodePoints(a.path, b.path)) };

  async function walk(folder: string, real: string, prefix: string): Promise<void> {
    if (entered.has(real)) return;
    entered.add(real);
    signal?.throwIfAborted();
    const entries = await readFolder(folder);
    if (entries.some(({ name }) => name.includes('\ufffd'))) await tellBadNames(folder, prefix);
    const inner: string[] = [];
    for (const entry of entries) {
      const { name } = entry;
      if (name.includes('\ufffd') && !(await isThere(folder, name))) continue;
      const kind = await kindOf(folder, entry);
      if (isHidden(name)) leftOut.push(hidden(`${prefix}${name}${kind === 'folder' ? '/' : ''}`));
      else if (kind === 'folder') inner.push(name);
      else if (kind !== 'file') leftOut.push(special(prefix + name, kind));
      else if (isImageName(name)) images.push(prefix + name);
      else if (isTableName(name)) tables.push(prefix + name);
      else {
        const refused = refusedKind(join(folder, name));
        if (refused === undefined) images.push(prefix + name);
        else leftOut.push(noImage(prefix + name, refused));
        if (++opened % openedAtOnce !== 0) continue;
        await setImmediate();
        signal?.throwIfAborted();
      }
    }
    for (const name of inner.sort(compareCodePoints)) {
      const path = join(folder, name);
      const realInner = await realpath(path);
      const isOwn = realInner === join(real, name);
      if (isOwn || (!isListedUnder(realRoot, realInner) && !contains(realInner, realRoot))) {
        await walk(path, realInner, `${prefix}${name}/`);
      }
    }
  }

  async function tellBadNames(folder: string, prefix: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const { name } = entry as unknown as Dirent<Buffer>;
      const text = utf8OrEscaped(name);
      if (text !== undefined) leftOut.push(notUtf8(`${prefix}${text}${entry.isDirectory() ? '/' : ''}`));
    }
  }
}

/** Every image under `folder`, as paths relative to it with forward slashes, sorted by code point. */
export async function walkImages(folder: string): Promise<readonly string[]> {
  return (await walkFiles(folder)).images;
}

/** A name that is not valid UTF-8 with its bytes escaped; undefined for a valid one. */
function utf8OrEscaped(name: Buffer): string | undefined {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(name);
    return undefined;
  } catch {
    return name
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  }
}

/** Whether a name with a replacement character is real, rather than decoded from invalid UTF-8. */
async function isThere(folder: string, name: string): Promise<boolean> {
  try {
    await stat(join(folder, name));
    return true;
  } catch {
    return false;
  }
}

/** The kind of a file without an image extension; undefined if it is an image by its bytes. */
function refusedKind(path: string): string | undefined {
  try {
    const found = sniff(readRangeSync(path, 0, sniffBytes));
    return 'kind' in found ? undefined : found.refused;
  } catch (error) {
    return errorCode(error) === 'EACCES' ? 'no permission to read it' : 'unreadable';
  }
}

/** Whether a walk of `root` lists this real path anyway: inside, and not hidden. */
function isListedUnder(realRoot: string, real: string): boolean {
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

type FileKind = 'file' | 'folder' | 'fifo' | 'socket' | 'device';

async function kindOf(folder: string, entry: Dirent): Promise<FileKind> {
  if (!entry.isSymbolicLink()) return kindOfStats(entry);
  try {
    return kindOfStats(await stat(join(folder, entry.name)));
  } catch {
    return 'file';
  }
}

function kindOfStats(what: Dirent | Stats): FileKind {
  if (what.isFile()) return 'file';
  if (what.isDirectory()) return 'folder';
  return what.isFIFO() ? 'fifo' : what.isSocket() ? 'socket' : 'device';
}

export function folderError(folder: string, error: unknown): UserError {
  const code = errorCode(error);
  const reasons: Record<string, string> = {
    ENOENT: 'no such folder',
    ENOTDIR: 'a file, not a folder',
    EACCES: 'no permission to read it',
  };
  return new UserError({
    what: 'the data folder cannot be read',
    where: folder,
    found: reasons[code ?? ''] ?? fileReason(error),
    expected: 'a folder with one folder per class, with a table beside its images, or with images',
    ...(otherData(folder) ?? { fix: 'name a folder or an archive of images with --data' }),
    cause: error,
  });
}
