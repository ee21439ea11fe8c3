import type { ArchiveEntry } from '../../../formats/archive/entry.ts';
import type { PixelBudget } from './pixel-budget.ts';
import type { PixelRecipe, PixelSeconds } from './pixel-result.ts';

/** Messages between the pipeline and its worker threads. */
export interface WorkerSetup {
  readonly recipe: PixelRecipe;
  /** Shared counter: index of the next unclaimed image. */
  readonly claims: Int32Array<SharedArrayBuffer>;
  readonly known: KnownHashes;
  readonly budget: PixelBudget;
}

export interface WorkerTask {
  readonly index: number;
  readonly path: string;
  /** Where `path` is an archive. */
  readonly entry?: ArchiveEntry;
}

/** A PixelResult without its image. */
export interface FilePixels {
  readonly outcome: 'pixels' | 'known' | 'failed';
  readonly sha256?: string;
  readonly pixels?: Uint8Array<ArrayBuffer>;
  readonly views?: readonly Uint8Array<ArrayBuffer>[];
  readonly beside?: readonly Uint8Array<ArrayBuffer>[];
  readonly clipped?: boolean;
  readonly reason?: string;
  readonly seconds: PixelSeconds;
}

export interface WorkerReply {
  readonly index: number;
  readonly result: FilePixels;
}

/** The buffers of a file's pixels, to be transferred. */
export function pixelBuffers({ pixels, views = [], beside = [] }: FilePixels): ArrayBuffer[] {
  return pixels === undefined ? [] : [pixels, ...views, ...beside].map(({ buffer }) => buffer);
}

/**
 * Claims the next index up to `last`, or returns undefined if there is none. All workers hold the same list and claim
 * from it without the main thread, which the backbone blocks for hundreds of milliseconds.
 */
export function claimTask(claims: Int32Array<SharedArrayBuffer>, last: number): number | undefined {
  for (;;) {
    const next = Atomics.load(claims, 0);
    if (next > last) return undefined;
    if (Atomics.compareExchange(claims, 0, next, next + 1) === next) return next;
  }
}

/** Sorted sha256 values, 32 bytes each, in memory shared by all workers. */
type KnownHashes = Uint8Array<SharedArrayBuffer>;

const hashBytes = 32;

export function packKnown(hashes: Iterable<string>): KnownHashes {
  const sorted = [...new Set(hashes)].sort();
  const packed = new Uint8Array(new SharedArrayBuffer(sorted.length * hashBytes));
  for (const [i, hash] of sorted.entries()) packed.set(Buffer.from(hash, 'hex'), i * hashBytes);
  return packed;
}

export function isKnown(known: KnownHashes, sha256: string): boolean {
  const wanted = Buffer.from(sha256, 'hex');
  let low = 0;
  let high = known.length / hashBytes;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = Buffer.compare(known.subarray(middle * hashBytes, (middle + 1) * hashBytes), wanted);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}
