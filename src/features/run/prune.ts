import { readRows } from '../../rows/row-source.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import type { Files } from '../../system/files.ts';
import type { IndexedImage } from '../index/index-table.ts';
import { rowChecksFile, runPath, shardFile, shardNumber } from '../manifest/layout.ts';
import { rowsPerImage, type ShardEntry } from '../manifest/manifest.ts';
import { writeShard } from '../shards/shard.ts';
import { ShardStore } from '../shards/shard-store.ts';
import type { Contents, Ending } from './publish.ts';

/**
 * Rewrites a set's shards without rows that are not in the index, in the index's order. The old shards stay until the
 * returned contents are published.
 *
 * @param shardImages images of a full shard
 * @returns the contents with the new shards and rows; the same object if no row is dropped
 */
export async function pruned<C extends Contents & Ending>(
  files: Files,
  folder: string,
  contents: C,
  shardImages: number,
): Promise<C> {
  const { fields, rowShape, shards, images, outcomes } = contents;
  const stride = rowsPerImage(fields);
  const rowCount = shards.reduce((sum, shard) => sum + shard.rowCount, 0);
  const isTight = shards.slice(0, -1).every((shard) => shard.rowCount === shardImages * stride);
  if (rowCount === images.length * stride && isTight) return contents;
  // Each old shard is checked at its first read: a damaged row must not get a new, matching checksum.
  const store = new ShardStore(folder, { fields, rowShape, shards, rowCount }, files);
  const first = 1 + Math.max(...shards.map((shard) => shardNumber(shard.file) ?? 0));
  const newShards: ShardEntry[] = [];
  for (let start = 0; start < images.length; start += shardImages) {
    const group = images.slice(start, start + shardImages);
    const rows = Uint32Array.from({ length: group.length * stride }, (_, i) => {
      const image = valueAt(group, Math.floor(i / stride));
      return image.row + (i % stride);
    });
    const { data } = await readRows(store, rows);
    const file = shardFile(first + newShards.length);
    const checks = runPath(folder, rowChecksFile(file));
    newShards.push(await writeShard(files, folder, file, data, rowShape, fields.dtype, checks));
  }
  const newRow = new Map(images.map(({ row }, i) => [row, i * stride]));
  const moved = (row: number): number => lookUp(newRow, row);
  return {
    ...contents,
    shards: newShards,
    images: images.map((image): IndexedImage => ({ ...image, row: moved(image.row) })),
    outcomes: outcomes.map((outcome) =>
      outcome.row === undefined ? outcome : { ...outcome, row: moved(outcome.row) },
    ),
  };
}
