import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opening a pipe blocks until it has a writer, and reading a device may never end: files are opened non-blocking and
 * read only if they are regular. A terminal must not become the controlling one.
 */
const readFlags: number = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** Opens a regular file for reading. @throws a system error, with the code ENOTREGULAR for a pipe, socket or device */
export async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, readFlags);
  try {
    checkRegular(await file.stat(), path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a whole regular file synchronously.
 *
 * @returns undefined bytes for a longer file, with its size
 * @throws a system error, with the code ENOTREGULAR for a pipe, socket or device
 */
export function readRegularSync(path: string, limit: number): { readonly size: number; readonly bytes?: Buffer } {
  const file = openSync(path, readFlags);
  try {
    const stat = fstatSync(file);
    checkRegular(stat, path);
    if (stat.size > limit) return { size: stat.size };
    // One extra byte detects a file that grows while it is read.
    const bytes = Buffer.allocUnsafe(stat.size + 1);
    let done = 0;
    for (let taken = -1; taken !== 0 && done < bytes.length; done += taken) {
      taken = readSync(file, bytes, done, bytes.length - done, done);
    }
    return { size: done, bytes: bytes.subarray(0, Math.min(done, stat.size)) };
  } finally {
    closeSync(file);
  }
}

/**
 * Reads part of a regular file synchronously; fewer bytes if the file ends earlier.
 *
 * @throws a system error, with the code ENOTREGULAR for a pipe, socket or device
 */
export function readRangeSync(path: string, start: number, length: number): Buffer {
  const file = openSync(path, readFlags);
  try {
    const stat = fstatSync(file);
    checkRegular(stat, path);
    // An invalid length must not allocate memory.
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, stat.size - start)));
    let done = 0;
    for (let taken = -1; taken !== 0 && done < bytes.length; done += taken) {
      taken = readSync(file, bytes, done, bytes.length - done, start + done);
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}

function checkRegular(stat: Stats, path: string): void {
  if (stat.isFile()) return;
  if (stat.isDirectory()) throw Object.assign(new Error(`EISDIR: a folder, '${path}'`), { code: 'EISDIR' });
  const kind = stat.isFIFO()
    ? 'a pipe'
    : stat.isSocket()
      ? 'a socket'
      : stat.isCharacterDevice() || stat.isBlockDevice()
        ? 'a device'
        : 'something else';
  throw Object.assign(new Error(`not a regular file: ${kind}`), { code: 'ENOTREGULAR' });
}
