import { join } from 'node:path';
import { makeFolder, writeDurably } from '../../../system/durable.ts';
import { listIfThere, nodeFiles, readIfThere } from '../../../system/files.ts';
import { isAbandoned, unfinishedSuffix } from '../../../system/writers/unfinished.ts';

/** Cache folder next to a page: thumbnails, neighbours, maps. It may be deleted. */
export const cacheFolder = '.featuretap-page';

/**
 * Cache entries by name, a hash of everything they depend on. Unreadable or unwritable entries are computed again: the
 * cache never causes an error.
 */
export class PageCache {
  readonly #folder: string;
  readonly #used = new Set<string>();

  constructor(pageFolder: string) {
    this.#folder = join(pageFolder, cacheFolder);
  }

  async read(name: string): Promise<Buffer | undefined> {
    this.#used.add(name);
    try {
      const bytes = await readIfThere(nodeFiles, join(this.#folder, name));
      return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch {
      return undefined;
    }
  }

  async write(name: string, parts: readonly Uint8Array[]): Promise<void> {
    this.#used.add(name);
    try {
      await makeFolder(nodeFiles, this.#folder);
      await writeDurably(nodeFiles, join(this.#folder, name), parts);
    } catch {
      // A read-only folder or a full disk is reported when the page itself is written.
    }
  }

  /** Removes entries not used by this page: of other features or older versions. */
  async sweep(): Promise<void> {
    try {
      for (const name of await listIfThere(nodeFiles, this.#folder)) {
        const isUnderWay = name.endsWith(unfinishedSuffix) && !isAbandoned(name);
        if (!this.#used.has(name) && !isUnderWay) await nodeFiles.remove(join(this.#folder, name));
      }
    } catch {
      // None is there.
    }
  }
}

/**
 * Encodes a JSON head and typed arrays as a cache entry: the head's length in 4 bytes, the head, then the bytes of each
 * array; `lengths` in the head has their lengths.
 */
export function encodeEntry(head: object, arrays: readonly Uint8Array[]): Uint8Array[] {
  const json = new TextEncoder().encode(JSON.stringify({ ...head, lengths: arrays.map((array) => array.length) }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length, true);
  return [length, json, ...arrays];
}

/** @returns undefined for invalid bytes */
export function decodeEntry<Head>(bytes: Buffer): { head: Head; arrays: Buffer[] } | undefined {
  if (bytes.length < 4) return undefined;
  const start = 4 + bytes.readUInt32LE(0);
  if (bytes.length < start) return undefined;
  let head: Head & { lengths: number[] };
  try {
    head = JSON.parse(bytes.toString('utf8', 4, start)) as Head & { lengths: number[] };
  } catch {
    return undefined;
  }
  if (!Array.isArray(head.lengths)) return undefined;
  const arrays: Buffer[] = [];
  let at = start;
  for (const length of head.lengths) {
    arrays.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? { head, arrays } : undefined;
}

/** The bytes of a typed array (little-endian on all supported machines). */
export function bytesOf(array: {
  readonly buffer: ArrayBufferLike;
  byteOffset: number;
  byteLength: number;
}): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Numbers of a cached array, copied for alignment. */
export function numbersOf<T>(bytes: Buffer, kind: { new (buffer: ArrayBuffer): T }): T {
  return new kind(Uint8Array.from(bytes).buffer);
}
