import { join } from 'node:path';
import type { Files } from '../../system/files.ts';
import { entryBytes, findFirsts } from './same-bytes.kernel.ts';
import { ScratchFile } from './scratch-file.ts';

/** What is known of an input whose image has a row already when its turn comes. */
export type SameBytes =
  /** The set holds the image in this row. */
  | { readonly place: number; readonly baseRow: number }
  /** An input before it has the same bytes. */
  | { readonly place: number; readonly ownerPlace: number };

/** Entries of one bucket, at most: what is looked at together must fit into memory. */
const bucketBytes = 48 << 20;
const chunkBytes = Math.floor((64 << 10) / entryBytes) * entryBytes;

/**
 * Finds, among any number of images, those whose bytes came before. Images are spread over buckets by their sha256, and
 * each bucket is searched by itself, so that memory does not grow with the images; several buckets lie on the disk.
 * `close()` it.
 */
export class SameBytesFinder {
  readonly #buckets: Bucket[];
  readonly #mask: number;

  /** @param expectedCount how many will be added, at most */
  constructor(files: Files, folder: string, expectedCount: number, memoryBytes: number = bucketBytes) {
    let count = 1;
    while ((expectedCount * entryBytes) / count > memoryBytes && count < 1 << 16) count *= 2;
    this.#mask = count - 1;
    const chunk = Math.min(chunkBytes, Math.max(1, Math.floor(memoryBytes / entryBytes)) * entryBytes);
    this.#buckets = Array.from(
      { length: count },
      (_, i) => new Bucket(chunk, count === 1 ? undefined : new ScratchFile(files, join(folder, `bytes-${i}.bucket`))),
    );
  }

  /** An image that the set holds; these come first. Where it returns a bucket, that is to be flushed before the next. */
  addBase(sha256: string, row: number): Bucket | undefined {
    return this.#add(sha256, -1 - row);
  }

  /** An image of the merge, in rising order of places. */
  add(sha256: string, place: number): Bucket | undefined {
    return this.#add(sha256, place);
  }

  #add(sha256: string, number: number): Bucket | undefined {
    const bucket = this.#buckets[Number.parseInt(sha256.slice(0, 4), 16) & this.#mask] as Bucket;
    return bucket.add(sha256, number) ? bucket : undefined;
  }

  /** Images whose bytes came before, a bucket at a time; within a bucket by rising place. */
  async *found(): AsyncGenerator<readonly SameBytes[]> {
    for (const bucket of this.#buckets) {
      const entries = await bucket.takeAll();
      yield sameBytesOf(entries);
    }
  }

  async close(): Promise<void> {
    for (const bucket of this.#buckets) await bucket.close();
  }
}

function sameBytesOf(entries: Buffer): readonly SameBytes[] {
  const count = entries.length / entryBytes;
  let slotCount = 16;
  while (slotCount < 2 * count) slotCount *= 2;
  const firstOf = new Int32Array(count);
  findFirsts(entries, new Int32Array(slotCount).fill(-1), firstOf);
  const numberOf = (entry: number): number => entries.readDoubleLE(entry * entryBytes + 32);
  const found: SameBytes[] = [];
  /** First input with the bytes of an image that the set holds, by that image's entry. */
  const ownerOfBase = new Map<number, number>();
  for (let entry = 0; entry < count; entry++) {
    const first = firstOf[entry] as number;
    const place = numberOf(entry);
    if (first === entry || place < 0) continue;
    const firstNumber = numberOf(first);
    const owner = firstNumber >= 0 ? firstNumber : ownerOfBase.get(first);
    if (owner !== undefined) found.push({ place, ownerPlace: owner });
    else {
      ownerOfBase.set(first, place);
      found.push({ place, baseRow: -1 - firstNumber });
    }
  }
  return found;
}

class Bucket {
  readonly #chunkBytes: number;
  readonly #file: ScratchFile | undefined;
  readonly #full: Buffer[] = [];
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @param file absent: all stays in memory */
  constructor(bytesPerChunk: number, file: ScratchFile | undefined) {
    this.#chunkBytes = bytesPerChunk;
    this.#file = file;
  }

  /** @returns whether it is to be flushed */
  add(sha256: string, number: number): boolean {
    if (this.#chunk.length === 0) this.#chunk = Buffer.allocUnsafeSlow(this.#chunkBytes);
    this.#chunk.write(sha256, this.#at, 32, 'hex');
    this.#chunk.writeDoubleLE(number, this.#at + 32);
    this.#at += entryBytes;
    return this.#at === this.#chunkBytes;
  }

  async flush(): Promise<void> {
    if (this.#file === undefined) {
      this.#full.push(this.#chunk);
      this.#chunk = Buffer.alloc(0);
    } else await this.#file.append(this.#chunk);
    this.#at = 0;
  }

  /** All entries, in the order in which they came; the bucket is empty then. */
  async takeAll(): Promise<Buffer> {
    const stored = this.#file?.size ?? 0;
    const rest = this.#chunk.subarray(0, this.#at);
    if (this.#file === undefined || stored === 0) return Buffer.concat([...this.#full.splice(0), rest]);
    const all = Buffer.allocUnsafeSlow(stored + rest.length);
    await this.#file.close();
    await this.#file.read(all.subarray(0, stored), 0);
    all.set(rest, stored);
    await this.#file.remove();
    return all;
  }

  async close(): Promise<void> {
    await this.#file?.remove();
  }
}
