import { inflateRawSync, constants as zlib } from 'node:zlib';
import { UserError } from '../../system/errors.ts';
import { readRangeSync } from '../../system/regular-file.ts';

/** A file in an archive. */
export interface ArchiveEntry {
  readonly name: string;
  readonly byteCount: number;
  /** Offset of the bytes in a tar, of the local header in a zip. */
  readonly offset: number;
  /** For zip: compressed size and method. */
  readonly packed?: { readonly byteCount: number; readonly method: number };
}

/** Length of a zip's local header before its name (APPNOTE, 4.3.7). */
const localHeaderBytes = 30;
const stored = 0;
const deflated = 8;

/**
 * Reads an entry's bytes synchronously.
 *
 * @returns undefined bytes for a longer entry, with its size
 * @throws a system error if the archive cannot be read; an Error if the entry is invalid
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
  // A false size must not exhaust memory.
  return whole(inflateRawSync(bytes, { maxOutputLength: Math.max(1, byteCount) }), byteCount);
}

/** At most `count` first bytes of an entry; empty if unreadable. */
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

/** An entry's name as a path in the archive, or undefined for a folder. @throws UserError if it leads out of it */
export function entryPath(archive: string, name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const isHostile = name.startsWith('/') || /^[A-Za-z]:/.test(name) || parts.includes('..') || /[\0\\]/.test(name);
  if (isHostile) throw hostile(archive, `the entry ${JSON.stringify(name.slice(0, 120))}, a path that leads out of it`);
  return name.endsWith('/') || parts.length === 0 ? undefined : parts.join('/');
}

/** The error for a malicious archive. */
export function hostile(archive: string, found: string): UserError {
  return new UserError({
    what: 'an archive is refused',
    where: archive,
    found,
    expected: 'plain files, each with a path of its own below the archive',
    fix: 'unpack and inspect it in a safe place, then --data FOLDER',
  });
}

/** Limits of unpacked size and compression ratio beyond which a file is not a photo. */
const suspectBytes = 16 << 20;
const suspectRatio = 200;

/** Refuses signs of a malicious archive: duplicate names, overlapping files, and extreme compression ratios. */
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
