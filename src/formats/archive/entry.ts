import { inflateRawSync, constants as zlib } from 'node:zlib';
import { UserError } from '../../system/errors.ts';
import { readRangeSync } from '../../system/regular-file.ts';

/** A file in an archive, found without reading it. */
export interface ArchiveEntry {
  /** Its path in the archive, with forward slashes. */
  readonly name: string;
  readonly byteCount: number;
  /** Of a tar's file: where its bytes begin. Of a zip's: where its local header does. */
  readonly offset: number;
  /** Of a zip's file: its bytes in the archive, and whether they are deflated. */
  readonly packed?: { readonly byteCount: number; readonly method: number };
}

/** Length of a zip's local header before its name (APPNOTE, 4.3.7). */
const localHeaderBytes = 30;
const stored = 0;
const deflated = 8;

/**
 * Reads an entry's bytes out of its archive in the thread that calls.
 *
 * @param limit bytes that are read at most
 * @returns undefined for an entry that is longer, with its size
 * @throws a system error where the archive cannot be read; an Error that says what is wrong with the entry
 */
export function readEntrySync(
  archive: string,
  entry: ArchiveEntry,
  limit: number,
): { readonly size: number; readonly bytes?: Buffer } {
  const { byteCount, offset, packed } = entry;
  if (byteCount > limit) return { size: byteCount };
  if (packed === undefined) return whole(readRangeSync(archive, offset, byteCount), byteCount);
  const bytes = readPacked(archive, entry, packed.byteCount);
  if (packed.method === stored) return whole(bytes, byteCount);
  // A size that was lied about must not fill the memory.
  return whole(inflateRawSync(bytes, { maxOutputLength: Math.max(1, byteCount) }), byteCount);
}

/** The first bytes of an entry, `count` at most; none where they cannot be had. */
export function entryHeadSync(archive: string, entry: ArchiveEntry, count: number): Buffer {
  const { byteCount, offset, packed } = entry;
  try {
    if (packed === undefined) return readRangeSync(archive, offset, Math.min(count, byteCount));
    const bytes = readPacked(archive, entry, Math.min(packed.byteCount, 4 * count + 1024));
    if (packed.method === stored) return bytes.subarray(0, count);
    const head = inflateRawSync(bytes, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: 1 << 22 });
    return head.subarray(0, count);
  } catch {
    return Buffer.alloc(0);
  }
}

function readPacked(archive: string, { offset, packed }: ArchiveEntry, count: number): Buffer {
  if (packed === undefined || (packed.method !== stored && packed.method !== deflated)) {
    throw new Error(`compressed by method ${packed?.method}, which is not read: pack it with zip or tar`);
  }
  const header = readRangeSync(archive, offset, localHeaderBytes);
  if (header.length < localHeaderBytes || header.readUInt32LE(0) !== 0x04034b50)
    throw new Error('no file where the zip archive says that one is');
  const start = offset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  return readRangeSync(archive, start, count);
}

function whole(bytes: Buffer, wanted: number): { readonly size: number; readonly bytes: Buffer } {
  if (bytes.length !== wanted) throw new Error(`${bytes.length} bytes in the archive where it says ${wanted}`);
  return { size: wanted, bytes };
}

/**
 * An entry's name as a path below the archive, or undefined for a folder's.
 *
 * @throws UserError for one that leads out of it
 */
export function entryPath(archive: string, name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const isHostile = name.startsWith('/') || /^[A-Za-z]:/.test(name) || parts.includes('..') || /[\0\\]/.test(name);
  if (isHostile) throw hostile(archive, `the entry ${JSON.stringify(name.slice(0, 120))}, a path that leads out of it`);
  return name.endsWith('/') || parts.length === 0 ? undefined : parts.join('/');
}

/** An archive that is made to do harm, or as if it were. */
export function hostile(archive: string, found: string): UserError {
  return new UserError({
    what: 'an archive is refused',
    where: archive,
    found,
    expected: 'plain files, each with a path of its own below the archive',
    fix: 'unpack and inspect it in a safe place, then --data FOLDER',
  });
}

/** Files that unpack to more than this, and to more than so many times their packed size, are no photos. */
const suspectBytes = 16 << 20;
const suspectRatio = 200;

/**
 * Refuses what only an archive that is made to do harm has: a name twice, bytes that two files share, and files that
 * unpack to hundreds of times their size.
 */
export function checkEntries(archive: string, entries: readonly ArchiveEntry[]): void {
  const names = new Set<string>();
  for (const { name, byteCount, packed } of entries) {
    if (names.has(name)) throw hostile(archive, `two entries named ${name}`);
    names.add(name);
    if (packed !== undefined && byteCount > suspectBytes && byteCount > suspectRatio * packed.byteCount) {
      throw hostile(archive, `${name}, ${packed.byteCount} bytes that unpack to ${byteCount}`);
    }
  }
  let end = 0;
  for (const { name, offset, packed, byteCount } of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (offset < end) throw hostile(archive, `${name}, whose bytes are those of another entry too`);
    end = offset + (packed === undefined ? byteCount : localHeaderBytes + packed.byteCount);
  }
}
