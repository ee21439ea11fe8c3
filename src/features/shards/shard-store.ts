import { bytesPerNumber, decodeNumbers } from '../../formats/npy/npy.ts';
import type { RowStore } from '../../rows/row-store.ts';
import { lastOf, valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import { type Manifest, rowLength } from '../manifest/manifest.ts';
import { readState } from '../manifest/state.ts';
import { ShardFile } from './shard.ts';

/** Bytes hashed at a time. */
const checkBytes = 1 << 20;

type StoredShards = Pick<Manifest, 'fields' | 'rowShape' | 'rowCount' | 'shards'> & {
  /** sha256 of the manifest, if the shards are in one already. */
  readonly sha256?: string;
};

/** The rows of a feature set's shards, in the manifest's order. Checks each shard's sha256 at its first read. */
export class ShardStore implements RowStore {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rowBytes: number;
  readonly where: string;
  readonly #files: Files;
  readonly #manifest: StoredShards;
  /** Files whose sha256 has been checked. */
  readonly #checked: Set<string>;
  /** First row of each shard, and the row count last. */
  readonly #starts: readonly number[];
  #open: { readonly number: number; readonly file: ShardFile } | undefined;
  #checkBlock: Uint8Array | undefined;

  constructor(folder: string, manifest: StoredShards, files: Files, checked: Set<string> = new Set()) {
    this.where = folder;
    this.rowCount = manifest.rowCount;
    this.columnCount = rowLength(manifest.rowShape);
    this.rowBytes = this.columnCount * bytesPerNumber(manifest.fields.dtype);
    this.#files = files;
    this.#manifest = manifest;
    this.#checked = checked;
    const starts = [0];
    for (const { rowCount } of manifest.shards) starts.push(lastOf(starts) + rowCount);
    this.#starts = starts;
  }

  async read(first: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const row = first + done / this.rowBytes;
      const number = this.#shardOf(row);
      const left = (valueAt(this.#starts, number + 1) - row) * this.rowBytes;
      const end = Math.min(target.length, done + left);
      const file = await this.#shard(number, signal);
      await file.readRows(row - valueAt(this.#starts, number), target.subarray(done, end));
      done = end;
    }
  }

  fileEnd(row: number): number {
    return valueAt(this.#starts, this.#shardOf(row) + 1);
  }

  decode(bytes: Uint8Array, target: Float32Array): void {
    decodeNumbers(bytes, this.#manifest.fields.dtype, target);
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  /** @throws RangeError if there is no such row */
  #shardOf(row: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (valueAt(this.#starts, middle) <= row) low = middle;
      else high = middle;
    }
    if (row < 0 || row >= this.rowCount) throw new RangeError(`row ${row} of a feature set with ${this.rowCount} rows`);
    return low;
  }

  async #shard(number: number, signal: AbortSignal | undefined): Promise<ShardFile> {
    if (this.#open?.number === number) return this.#open.file;
    await this.close();
    const file = await this.#openShard(number);
    const name = valueAt(this.#manifest.shards, number).file;
    try {
      if (!this.#checked.has(name)) {
        this.#checkBlock ??= new Uint8Array(checkBytes);
        await file.check(this.#checkBlock, signal);
        this.#checked.add(name);
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    // Only now: a shard that fails its check is never read.
    this.#open = { number, file };
    return file;
  }

  async #openShard(number: number): Promise<ShardFile> {
    const { rowShape, fields, shards } = this.#manifest;
    const entry = valueAt(shards, number);
    try {
      return await ShardFile.open(this.#files, this.where, entry, { rowShape, dtype: fields.dtype });
    } catch (error) {
      const { sha256 } = this.#manifest;
      const now = await readState(this.#files, this.where).catch(() => undefined);
      if (sha256 === undefined || now === undefined || now.manifest.sha256 === sha256) throw error;
      throw new UserError({
        what: 'the feature set was rewritten while it was being read',
        where: this.where,
        fix: 'run the command again: the new state is complete',
        cause: error,
      });
    }
  }
}
