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
  /** Asked when the disk is full: how much more would have been written, as far as that is known. */
  readonly bytesToCome?: () => Promise<number>;
  /**
   * Where no lock keeps other processes away: the milliseconds that another writer of this file is waited for before
   * this one is refused. Without it the last of two writers wins, whole.
   */
  readonly aloneWithinMs?: number;
}

/** How long a file that takes a moment to write is waited for while another process writes it. */
export const patienceMs = 10_000;

/**
 * The one way to write a file, piece by piece, so that its name never stands for half of it: into a file of this process
 * alone, flushed to the disk, then renamed. `finish()` or `discard()` it.
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
        // A write may take less than it was given: on a nearly full disk, or past 2 GiB.
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

  /** Leaves no file behind; nothing where it is finished. */
  async discard(): Promise<void> {
    if (this.#open === undefined) return;
    const { file, path, done } = this.#open;
    this.#open = undefined;
    await file.close().catch(() => undefined);
    await this.#files.remove(path).catch(() => undefined);
    done();
  }

  /** @throws UserError when the disk is full (with the space needed) or fails; the half-written file is removed */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.discard();
      throw await writeFailure(this.#files, this.#path, error, this.#taken + (await this.#bytesToCome()));
    }
  }
}

/** Before anything is computed for it: a rename would only fail in the end. */
async function refuseFolder(files: Files, path: string): Promise<void> {
  const isFolder = await files.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
  if (isFolder) throw Object.assign(new Error(`EISDIR: a folder, '${path}'`), { code: 'EISDIR' });
}

/**
 * Writes a file so that its name never stands for half of it. Resolves to the sha256 of what was written, lower-case hex.
 *
 * @throws UserError when the disk is full (with the space needed) or fails; the half-written file is removed
 */
export async function writeDurably(
  files: Files,
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  expectedBytes?: number,
  options: Pick<DurableOptions, 'aloneWithinMs'> = {},
): Promise<string> {
  const pieces = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  let taken = 0;
  const bytesToCome = async (): Promise<number> =>
    expectedBytes === undefined ? bytesOf(pieces) : expectedBytes - taken;
  const file = await DurableFile.open(files, path, { ...options, bytesToCome });
  try {
    for (let step = await pieces.next(); step.done !== true; step = await pieces.next()) {
      taken += step.value.length;
      await file.write(step.value);
    }
    return await file.finish();
  } finally {
    await file.discard();
  }
}

/** Writes a text that a user named, or finds beside what was named: of several writers one after the other. */
export async function writeText(files: Files, path: string, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return writeDurably(files, path, [bytes], bytes.length, { aloneWithinMs: patienceMs });
}

/** Of what a writer that failed had not asked for yet. */
async function bytesOf(rest: Iterator<Uint8Array> | AsyncIterator<Uint8Array>): Promise<number> {
  let bytes = 0;
  for (let step = await rest.next(); step.done !== true; step = await rest.next()) bytes += step.value.length;
  return bytes;
}

/** A rename whose failure is reported to the user; a name that is taken is replaced. */
export async function renameFile(files: Files, from: string, to: string): Promise<void> {
  await files.rename(from, to).catch(async (error) => {
    throw await writeFailure(files, to, error, 0);
  });
}

/** Removes a file if it is there. */
export async function removeFile(files: Files, path: string): Promise<void> {
  await files.remove(path).catch(async (error) => {
    throw await writeFailure(files, path, error, 0);
  });
}

export async function makeFolder(files: Files, path: string): Promise<void> {
  await files.makeFolder(path).catch(async (error) => {
    throw await writeFailure(files, path, error, 0);
  });
}

export async function syncFolder(files: Files, path: string): Promise<void> {
  await files.syncFolder(path).catch(async (error) => {
    throw await writeFailure(files, path, error, 0);
  });
}

/** What systems say where a file gets no second name: other disks, file systems without hard links, files of others. */
const refusals = ['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Gives a file a second name, or makes a copy of it where the file system has no hard links. What had that name is gone.
 * A caller that relies on the name after a power cut calls `syncFolder` once all of them are there.
 *
 * @throws UserError when the file cannot be read, or the copy not be written
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
