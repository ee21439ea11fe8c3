import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';
import { type Files, readBlocks, readFailure } from './files.ts';
import { writeFailure } from './write-error.ts';
import { openAlone, openUnfinished, type Unfinished } from './writers/unfinished.ts';

export { formatBytes } from './files.ts';
export { DiskFullError, writeFailure } from './write-error.ts';
export { isAbandoned, removeAbandoned, unfinishedSuffix } from './writers/unfinished.ts';

interface DurableOptions {
  /** Called if the disk is full: the bytes still to be written, as far as known. */
  readonly bytesToCome?: () => Promise<number>;
  /**
   * Without a lock: milliseconds to wait for another writer of this file before giving up. If undefined, the last
   * writer wins.
   */
  readonly aloneWithinMs?: number;
}

/** How long to wait for another process to finish writing a small file. */
export const patienceMs = 10_000;

/**
 * Atomic write of a file in pieces: writes a temporary file, flushes it to disk, then renames it. Call `finish()` or
 * `discard()`. All writes of this program use it.
 */
export class DurableFile {
  readonly #files: Files;
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #open: Unfinished | undefined;
  readonly #bytesToCome: () => Promise<number>;
  #taken = 0;

  private constructor(files: Files, path: string, bytesToCome: () => Promise<number>) {
    this.#files = files;
    this.#path = path;
    this.#bytesToCome = bytesToCome;
  }

  static async open(files: Files, path: string, options: DurableOptions = {}): Promise<DurableFile> {
    const { bytesToCome = async () => 0, aloneWithinMs } = options;
    const made = new DurableFile(files, path, bytesToCome);
    await made.#try(async () => {
      await refuseFolder(files, path);
      made.#open = await (aloneWithinMs === undefined
        ? openUnfinished(files, path)
        : openAlone(files, path, aloneWithinMs));
    });
    return made;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#taken += bytes.length;
    await this.#try(async () => {
      const { file } = this.#open as Unfinished;
      for (let done = 0; done < bytes.length; ) {
        // A write may be partial: on a nearly full disk, or past 2 GiB.
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
        if (bytesWritten === 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'ENOSPC' });
        done += bytesWritten;
      }
    });
  }

  /** @returns sha256 of what was written, lower-case hex */
  async finish(): Promise<string> {
    await this.#try(async () => {
      const { file, path, done } = this.#open as Unfinished;
      await file.sync();
      await file.close();
      await this.#files.rename(path, this.#path);
      done();
      this.#open = undefined;
      await this.#files.syncFolder(dirname(this.#path));
    });
    return this.#hash.digest('hex');
  }

  /** Removes the temporary file; does nothing after `finish`. */
  async discard(): Promise<void> {
    if (this.#open === undefined) return;
    const { file, path, done } = this.#open;
    this.#open = undefined;
    await file.close().catch(() => undefined);
    await this.#files.remove(path).catch(() => undefined);
    done();
  }

  /** @throws UserError if the disk is full (with the space needed) or fails; the half-written file is removed */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.discard();
      throw await writeFailure(this.#files, this.#path, error, this.#taken + (await this.#bytesToCome()));
    }
  }
}

/** Refuses a folder before anything is computed: the rename would only fail at the end. */
async function refuseFolder(files: Files, path: string): Promise<void> {
  const isFolder = await files.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
  if (isFolder) throw Object.assign(new Error(`EISDIR: a folder, '${path}'`), { code: 'EISDIR' });
}

/**
 * Writes a file atomically. Resolves to the sha256 of its bytes, lower-case hex.
 *
 * @throws UserError if the disk is full (with the space needed) or fails; the half-written file is removed
 */
export async function writeDurably(
  files: Files,
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: Pick<DurableOptions, 'aloneWithinMs'> = {},
): Promise<string> {
  const pieces = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  const file = await DurableFile.open(files, path, { ...options, bytesToCome: () => bytesOf(pieces) });
  try {
    for (let step = await pieces.next(); step.done !== true; step = await pieces.next()) await file.write(step.value);
    return await file.finish();
  } finally {
    await file.discard();
  }
}

/** Writes a text file atomically; several writers write one after the other. */
export async function writeText(files: Files, path: string, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return writeDurably(files, path, [bytes], { aloneWithinMs: patienceMs });
}

/** Remaining bytes of a source after a failed write. */
async function bytesOf(rest: Iterator<Uint8Array> | AsyncIterator<Uint8Array>): Promise<number> {
  let bytes = 0;
  for (let step = await rest.next(); step.done !== true; step = await rest.next()) bytes += step.value.length;
  return bytes;
}

/** Renames a file, replacing an existing one; failures become UserErrors. */
export async function renameFile(files: Files, from: string, to: string): Promise<void> {
  await named(files, to, files.rename(from, to));
}

/** Removes a file if it is there. */
export async function removeFile(files: Files, path: string): Promise<void> {
  await named(files, path, files.remove(path));
}

export async function makeFolder(files: Files, path: string): Promise<void> {
  await named(files, path, files.makeFolder(path));
}

export async function syncFolder(files: Files, path: string): Promise<void> {
  await named(files, path, files.syncFolder(path));
}

/** Lets a failure name the path. */
async function named(files: Files, path: string, work: Promise<void>): Promise<void> {
  await work.catch(async (error) => {
    throw await writeFailure(files, path, error, 0);
  });
}

/** Error codes if a hard link is impossible: other disks, file systems without hard links, files of other users. */
const refusals = ['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Creates a hard link, or a copy if the file system has no hard links, replacing an existing file. To survive a power
 * failure, call `syncFolder` afterwards.
 *
 * @throws UserError if the file cannot be read or the copy cannot be written
 */
export async function linkOrCopy(files: Files, from: string, to: string): Promise<void> {
  await removeFile(files, to);
  try {
    await files.link(from, to);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'ENOENT') throw readFailure(from, error);
    if (!refusals.includes(code)) throw await writeFailure(files, to, error, 0);
    await writeDurably(files, to, readBlocks(files, from));
  }
}
