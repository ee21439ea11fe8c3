import { bytesPerNumber, decodeNumbers } from '../../formats/npy/npy.ts';
import type { Files } from '../../system/files.ts';
import { rowChecksFile, runPath, shardFile, shardNumber } from '../manifest/layout.ts';
import { rowLength, rowsPerImage, type ShardEntry } from '../manifest/manifest.ts';
import { ShardFile, writeShard } from '../shards/shard.ts';
import type { IndexedImage } from '../tables/index-table.ts';
import type { Contents } from './publish.ts';

/**
 * Writes the rows of a set anew without those that the index does not name, in full shards. The old shards stay as
 * they are: the next `publish` of what this returns takes them away.
 *
 * @param images sorted by row
 * @param shardImages images of a full shard
 * @returns the contents with their new shards and rows; the same object where there is nothing to gain
 */
export async function pruned(files: Files, folder: string, contents: Contents, shardImages: number): Promise<Contents> {
  const { fields, rowShape, shards, images, outcomes } = contents;
  const stride = rowsPerImage(fields);
  const rowCount = shards.reduce((sum, shard) => sum + shard.rowCount, 0);
  const isTight = shards.slice(0, -1).every((shard) => shard.rowCount === shardImages * stride);
  if (rowCount === images.length * stride && isTight) return contents;
  const rows = new RowSource(files, folder, contents);
  const size = rowLength(rowShape) * stride;
  const first = 1 + Math.max(...shards.map((shard) => shardNumber(shard.file) ?? 0));
  const newShards: ShardEntry[] = [];
  try {
    for (let start = 0; start < images.length; start += shardImages) {
      const group = images.slice(start, start + shardImages);
      const data = new Float32Array(group.length * size);
      for (const [i, { row }] of group.entries()) await rows.read(row, stride, data.subarray(i * size, (i + 1) * size));
      const file = shardFile(first + newShards.length);
      const checks = runPath(folder, rowChecksFile(file));
      newShards.push(await writeShard(files, folder, file, data, rowShape, fields.dtype, checks));
    }
  } finally {
    await rows.close();
  }
  const newRow = new Map(images.map(({ row }, i) => [row, i * stride]));
  const moved = (row: number): number => newRow.get(row) as number;
  return {
    ...contents,
    shards: newShards,
    images: images.map((image): IndexedImage => ({ ...image, row: moved(image.row) })),
    outcomes: outcomes.map((outcome) =>
      outcome.row === undefined ? outcome : { ...outcome, row: moved(outcome.row) },
    ),
  };
}

/** Rows of the old shards, asked for in rising order. */
class RowSource {
  readonly #files: Files;
  readonly #folder: string;
  readonly #contents: Contents;
  readonly #rowBytes: number;
  #shard: ShardFile | undefined;
  #index = -1;
  #firstRow = 0;

  constructor(files: Files, folder: string, contents: Contents) {
    this.#files = files;
    this.#folder = folder;
    this.#contents = contents;
    this.#rowBytes = rowLength(contents.rowShape) * bytesPerNumber(contents.fields.dtype);
  }

  async read(row: number, count: number, target: Float32Array): Promise<void> {
    const { shards, rowShape, fields } = this.#contents;
    const { dtype } = fields;
    while (this.#shard === undefined || row >= this.#firstRow + (shards[this.#index]?.rowCount ?? 0)) {
      this.#firstRow += shards[this.#index]?.rowCount ?? 0;
      await this.#shard?.close();
      this.#index++;
      const entry = shards[this.#index] as ShardEntry;
      this.#shard = await ShardFile.open(this.#files, this.#folder, entry, { rowShape, dtype });
      // A damaged row must not be given a new, matching checksum.
      await this.#shard.check();
    }
    const bytes = new Uint8Array(count * this.#rowBytes);
    await this.#shard.readRows(row - this.#firstRow, bytes);
    decodeNumbers(bytes, dtype, target);
  }

  async close(): Promise<void> {
    await this.#shard?.close();
  }
}
