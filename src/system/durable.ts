import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { UserError } from './errors.ts';
import { errorCode, type Files, type OpenFile } from './files.ts';

/** Ending of files that are being written; a run removes those that a killed one left. */
export const unfinishedSuffix = '.unfinished';

/**
 * A file that is written piece by piece, so that its name never stands for half of it: into `path.unfinished`, flushed
 * to the disk, then renamed. `finish()` or `discard()` it.
 */
export class DurableFile {
  readonly #files: Files;
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #file: OpenFile | undefined;
  readonly #bytesToCome: () => Promise<number>;
  #taken = 0;

  private constructor(files: Files, path: string, bytesToCome: () => Promise<number>) {
    this.#files = files;
    this.#path = path;
    this.#bytesToCome = bytesToCome;
  }

  /** @param bytesToCome asked when the disk is full: how much more would have been written, as far as that is known */
  static async open(files: Files, path: string, bytesToCome = async (): Promise<number> => 0): Promise<DurableFile> {
    const made = new DurableFile(files, path, bytesToCome);
    await made.#try(async () => {
      made.#file = await files.open(path + unfinishedSuffix, 'w');
    });
    return made;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#taken += bytes.length;
    await this.#try(async () => {
      const file = this.#file as OpenFile;
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
      await this.#file?.sync();
      await this.#file?.close();
      this.#file = undefined;
      await this.#files.rename(this.#path + unfinishedSuffix, this.#path);
      await this.#files.syncFolder(dirname(this.#path));
    });
    return this.#hash.digest('hex');
  }

  /** Leaves no file behind; nothing where it is finished. */
  async discard(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close().catch(() => undefined);
    this.#file = undefined;
    await this.#files.remove(this.#path + unfinishedSuffix).catch(() => undefined);
  }

  /** @throws UserError when the disk is full (with the space needed) or fails; the half-written file is removed */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#file?.close().catch(() => undefined);
      this.#file = undefined;
      await this.#files.remove(this.#path + unfinishedSuffix).catch(() => undefined);
      throw await writeFailure(this.#files, this.#path, error, this.#taken + (await this.#bytesToCome()));
    }
  }
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
): Promise<string> {
  const pieces = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  let taken = 0;
  const file = await DurableFile.open(files, path, async () =>
    expectedBytes === undefined ? bytesOf(pieces) : expectedBytes - taken,
  );
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

/** Of what a writer that failed had not asked for yet. */
async function bytesOf(rest: Iterator<Uint8Array> | AsyncIterator<Uint8Array>): Promise<number> {
  let bytes = 0;
  for (let step = await rest.next(); step.done !== true; step = await rest.next()) bytes += step.value.length;
  return bytes;
}

/** No room for a file; the run that needed it may know how much more it needs. */
export class DiskFullError extends UserError {
  /**
   * @param bytesToFinish of this file and all that the run would write behind it
   * @returns the same error, which says that as well
   */
  toFinish(bytesToFinish: number): DiskFullError {
    const { expected = '' } = this.parts;
    return new DiskFullError({ ...this.parts, expected: `${expected}, about ${formatBytes(bytesToFinish)} to finish` });
  }
}

/** A rename whose failure is told to the user; a name that is taken is replaced. */
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

/** What a failed write means to the user. */
export async function writeFailure(
  files: Files,
  path: string,
  error: unknown,
  neededBytes: number,
): Promise<UserError> {
  if (error instanceof UserError) return error;
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const free = await files.freeBytes(dirname(path)).catch(() => undefined);
    return new DiskFullError({
      what: code === 'EDQUOT' ? 'the disk quota is used up' : 'the disk is full',
      where: path,
      ...(free === undefined ? {} : { found: `${formatBytes(free)} free` }),
      expected: `${formatBytes(neededBytes)} for this file`,
      fix: 'make room, or choose another disk with --cache FOLDER, and run the same command again: it goes on from here',
      cause: error,
    });
  }
  return new UserError({
    what: code === 'EIO' ? 'the disk failed to write a file' : 'cannot write a file',
    where: path,
    found: error instanceof Error ? error.message : String(error),
    fix:
      code === 'EIO'
        ? 'check the disk, or choose another one with --cache FOLDER'
        : 'check that the folder can be written to, and run the same command again',
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
