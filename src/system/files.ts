import { createHash } from 'node:crypto';
import { type Dirent, readdirSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { errorCode, UserError } from './errors.ts';
import { fileReason } from './file-reason.ts';
import { makeFolder } from './make-folder.ts';
import { openRegular } from './regular-file.ts';

/** An open file, as far as feature sets need one. */
export interface OpenFile {
  /** Size of this open file, even if it was renamed or replaced. */
  size(): Promise<number>;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileStat {
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Disk access of feature sets. Tests inject failures here. */
export interface Files {
  /** `r` opens only regular files and never blocks: others give an error with code ENOTREGULAR or EISDIR. */
  open(path: string, flags: 'r' | 'w' | 'wx'): Promise<OpenFile>;
  stat(path: string): Promise<FileStat>;
  rename(from: string, to: string): Promise<void>;
  /** Creates a hard link; fails if the name exists. */
  link(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
  makeFolder(path: string): Promise<void>;
  /** Flushes renames within the folder to disk; does nothing on platforms without such a call. */
  syncFolder(folder: string): Promise<void>;
  freeBytes(folder: string): Promise<number>;
}

export const nodeFiles: Files = {
  open: async (path, flags) => {
    const file = await (flags === 'r' ? openRegular(path) : fs.open(path, flags));
    return {
      size: async () => (await file.stat()).size,
      read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
      write: (buffer, offset, length) => file.write(buffer, offset, length),
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  stat: (path) => fs.stat(path),
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  removeFolder: (path) => fs.rm(path, { recursive: true, force: true }),
  list: (folder) => fs.readdir(folder),
  makeFolder,
  syncFolder: async (folder) => {
    // Windows cannot open folders; NTFS journals renames.
    if (process.platform === 'win32') return;
    const handle = await fs.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  freeBytes: async (folder) => {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize;
  },
};

/** Size and mtime, or undefined if there is no such file. */
export async function statIfThere(files: Files, path: string): Promise<FileStat | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw readFailure(path, error);
  }
}

/** Names in a folder, sorted by code unit; empty if there is no such folder. */
export async function listIfThere(files: Files, folder: string): Promise<readonly string[]> {
  try {
    return [...(await files.list(folder))].sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw readFailure(folder, error);
  }
}

/** What a folder holds, with its kinds; empty if it cannot be read. For messages, which name what is there. */
export function entriesIfThere(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Fills `target` from `position`; throws UserError if the file ends before that. */
export async function readFully(file: OpenFile, path: string, target: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done).catch((error) => {
      throw readFailure(path, error);
    });
    if (bytesRead === 0) {
      throw new UserError({
        what: 'a file ends too early',
        where: path,
        found: `${position + done} bytes`,
        expected: `${position + target.length} bytes or more`,
      });
    }
    done += bytesRead;
  }
}

/** Longest array of Node 20. */
const largestWholeFileBytes: number = 4 * 1024 ** 3 - 1;

/**
 * Reads a whole file, or returns undefined if there is none.
 *
 * @param limit bytes; longer files are refused before reading
 */
export async function readIfThere(
  files: Files,
  path: string,
  limit: number = largestWholeFileBytes,
): Promise<Uint8Array | undefined> {
  let file: OpenFile;
  try {
    file = await files.open(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw readFailure(path, error);
  }
  try {
    const size = await file.size();
    if (size > limit) throw tooLarge(path, size, limit);
    const bytes = new Uint8Array(size);
    await readFully(file, path, bytes, 0);
    return bytes;
  } catch (error) {
    throw readFailure(path, error);
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Reads a whole file. @throws UserError as `readIfThere`, and if there is none */
export async function readWhole(files: Files, path: string, limit?: number): Promise<Uint8Array> {
  const bytes = await readIfThere(files, path, limit);
  if (bytes === undefined) throw readFailure(path, Object.assign(new Error('no such file'), { code: 'ENOENT' }));
  return bytes;
}

/** V8 strings have at most 2^29 - 24 characters. */
export const largestTextBytes: number = 500_000_000;

/** Reads a UTF-8 text file. @throws UserError as `readWhole` */
export async function readText(files: Files, path: string, limit: number = largestTextBytes): Promise<string> {
  return Buffer.from((await readWhole(files, path, limit)).buffer).toString('utf8');
}

function tooLarge(path: string, size: number, limit: number): UserError {
  return new UserError({
    what: 'a file is too large to be what it should be',
    where: path,
    found: formatBytes(size),
    expected: `${formatBytes(limit)} at most`,
  });
}

/** Reads a file in blocks; the buffer is reused for the next block. */
export async function* readBlocks(files: Files, path: string): AsyncGenerator<Uint8Array> {
  const file = await files.open(path, 'r').catch((error) => {
    throw readFailure(path, error);
  });
  try {
    const block = new Uint8Array(1 << 20);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(block, 0, block.length, at).catch((error) => {
        throw readFailure(path, error);
      });
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** sha256 of a file's bytes, lower-case hex. */
export async function hashOfFile(files: Files, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const block of readBlocks(files, path)) hash.update(block);
  return hash.digest('hex');
}

/** The error for a failed read. */
export function readFailure(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const code = errorCode(error);
  const fix =
    code === 'EIO'
      ? 'check the disk; featuretap verify --repair repairs a feature set from its images'
      : code === 'EMFILE' || code === 'ENFILE'
        ? 'ulimit -n 1024 lets it open more files; then run the same command again'
        : undefined;
  return new UserError({
    what: code === 'EIO' ? 'the disk failed to read a file' : 'cannot read a file',
    where: path,
    found: fileReason(error),
    expected: code === 'ENOTREGULAR' ? 'a regular file' : undefined,
    fix,
    cause: error,
  });
}

/** `0 B`, `12.3 kB`, `64.0 MB`: decimal units, as disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
