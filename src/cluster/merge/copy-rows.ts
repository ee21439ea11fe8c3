import { rowChecksFile, runPath, shardFile } from '../../features/manifest/layout.ts';
import { rowLength, type ShardEntry } from '../../features/manifest/manifest.ts';
import { type ShardShape, writeShardBytes } from '../../features/shards/shard.ts';
import { bytesPerNumber } from '../../formats/npy/npy.ts';
import type { Files } from '../../system/files.ts';
import type { MergePart } from './in-order.ts';
import { ofPart } from './part-problems.ts';
import { ShardCursor } from './shard-cursor.ts';

/** Where the rows of a merge go, image after image. */
export interface RowSink {
  /** @param row of the part's rows; resolves, where it is not done at once */
  take(part: number, row: number): Promise<void> | undefined;
  /** @returns the new shards, once every row is on the disk and every shard of every part was checked */
  finish(): Promise<readonly ShardEntry[]>;
}

export interface CopySettings extends ShardShape {
  /** The set's folder. */
  readonly set: string;
  /** Rows of one image. */
  readonly stride: number;
  /** Images in a full shard. */
  readonly shardImages: number;
  /** Number of the first new shard. */
  readonly firstShard: number;
  /** How many images come, at most. */
  readonly imageCount: number;
  /** For what is read of the parts' shards, together. */
  readonly bufferBytes: number;
}

/** Copies rows out of the parts' shards into full shards of the set. Memory: one shard, and blocks of the parts'. */
export class RowCopier implements RowSink {
  readonly #files: Files;
  readonly #settings: CopySettings;
  readonly #sources: readonly PartRows[];
  readonly #shards: ShardEntry[] = [];
  readonly #imageBytes: number;
  #data: Uint8Array = new Uint8Array(0);
  #filled = 0;
  #imagesLeft: number;

  constructor(files: Files, parts: readonly MergePart[], settings: CopySettings) {
    this.#files = files;
    this.#settings = settings;
    this.#imageBytes = settings.stride * rowLength(settings.rowShape) * bytesPerNumber(settings.dtype);
    this.#imagesLeft = settings.imageCount;
    const each = { stride: settings.stride, bufferBytes: Math.min(8 << 20, settings.bufferBytes / parts.length) };
    this.#sources = parts.map((part, i) => new PartRows(files, part, i, settings, each));
  }

  take(part: number, row: number): Promise<void> | undefined {
    const bytes = this.#sources[part]?.tryTake(row);
    if (bytes === undefined) return this.#takeLater(part, row);
    return this.#add(bytes) ? this.#writeShard() : undefined;
  }

  async finish(): Promise<readonly ShardEntry[]> {
    if (this.#filled > 0) await this.#writeShard();
    for (const source of this.#sources) await source.finish();
    return this.#shards;
  }

  async #takeLater(part: number, row: number): Promise<void> {
    const bytes = await (this.#sources[part] as PartRows).take(row);
    if (this.#add(bytes)) await this.#writeShard();
  }

  /** @returns whether the shard is full */
  #add(bytes: Uint8Array): boolean {
    if (this.#data.length === 0) {
      this.#data = new Uint8Array(Math.min(this.#settings.shardImages, this.#imagesLeft) * this.#imageBytes);
    }
    this.#data.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#imagesLeft--;
    return this.#filled === this.#settings.shardImages * this.#imageBytes;
  }

  async #writeShard(): Promise<void> {
    const { set, firstShard } = this.#settings;
    const file = shardFile(firstShard + this.#shards.length);
    const rows = this.#data.subarray(0, this.#filled);
    const checks = runPath(set, rowChecksFile(file));
    this.#shards.push(await writeShardBytes(this.#files, set, file, rows, this.#settings, checks));
    this.#filled = 0;
    if (this.#imagesLeft < this.#settings.shardImages) this.#data = new Uint8Array(0);
  }
}

/** The rows of one part, through all of its shards. Each shard is read from front to back. */
class PartRows {
  readonly #part: number;
  readonly #shards: readonly { readonly first: number; readonly end: number; readonly cursor: ShardCursor }[];
  /** The shard that was asked last. */
  #current = 0;

  constructor(
    files: Files,
    { folder, record }: MergePart,
    part: number,
    shape: ShardShape,
    each: { readonly stride: number; readonly bufferBytes: number },
  ) {
    this.#part = part;
    let first = 0;
    this.#shards = record.shards.map((entry) => {
      const cursor = new ShardCursor(files, folder, entry, shape, each);
      const range = { first, end: first + entry.rowCount, cursor };
      first = range.end;
      return range;
    });
  }

  tryTake(row: number): Uint8Array | undefined {
    const shard = this.#shardOf(row);
    return shard.cursor.tryTake(row - shard.first);
  }

  async take(row: number): Promise<Uint8Array> {
    const shard = this.#shardOf(row);
    return ofPart(this.#part, () => shard.cursor.take(row - shard.first));
  }

  async finish(): Promise<void> {
    for (const { cursor } of this.#shards) await ofPart(this.#part, () => cursor.finish());
  }

  #shardOf(row: number) {
    const isIn = (i: number): boolean => {
      const shard = this.#shards[i];
      return shard !== undefined && row >= shard.first && row < shard.end;
    };
    if (!isIn(this.#current)) {
      this.#shards[this.#current]?.cursor.release();
      this.#current = isIn(this.#current + 1) ? this.#current + 1 : this.#shards.findIndex((_, i) => isIn(i));
    }
    const found = this.#shards[this.#current];
    if (found === undefined) throw new RangeError(`row ${row} of part ${this.#part}: its shards do not hold it`);
    return found;
  }
}
