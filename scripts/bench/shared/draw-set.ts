import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { IndexedImage } from '../../../src/features/index/index-table.ts';
import { runFolder, shardFile } from '../../../src/features/manifest/layout.ts';
import type { ShardEntry } from '../../../src/features/manifest/manifest.ts';
import { publish } from '../../../src/features/run/publish.ts';
import { writeShard } from '../../../src/features/shards/shard.ts';
import type { Dtype } from '../../../src/formats/npy/npy.ts';
import { nodeFiles } from '../../../src/system/files.ts';
import { drawRows } from './draw-rows.kernel.ts';
import { drawnFields } from './drawn-fields.ts';

export interface DrawnSet {
  readonly rows: number;
  readonly dims: number;
  readonly classes: number;
  readonly dtype: Dtype;
  /** sha256 of each row's photo at `train/<its first 32 digits>.jpg`; random where there are no photos. */
  readonly photos?: readonly string[];
}

/** Of float32 rows: one shard is in memory at a time. */
const shardBytes = 64e6;

/** Writes a feature set of any number of random rows, with ids and paths of Kaggle's length. */
export async function drawSet(folder: string, { rows, dims, classes, dtype, photos }: DrawnSet): Promise<void> {
  await nodeFiles.makeFolder(join(folder, runFolder));
  const rowsPerShard = Math.max(1, Math.floor(shardBytes / (4 * dims)));
  const shards: ShardEntry[] = [];
  for (let row = 0; row < rows; row += rowsPerShard) {
    const data = new Float32Array(Math.min(rowsPerShard, rows - row) * dims);
    drawRows(data, dims, row, classes, 5);
    shards.push(await writeShard(nodeFiles, folder, shardFile(shards.length), data, [dims], dtype));
  }
  const images = Array.from({ length: rows }, (_, row): IndexedImage => {
    const sha256 = photos?.[row] ?? createHash('sha256').update(String(row)).digest('hex');
    const id = sha256.slice(0, 32);
    return { row, id, path: `train/${id}.jpg`, sha256 };
  });
  await publish(nodeFiles, folder, {
    fields: { ...drawnFields, dtype },
    rowShape: [dims],
    shards,
    images,
    labels: images.map(({ id }, row) => [id, `class ${row % classes}`]),
    outcomes: [],
    canary: 'AAAAAA==',
    madeBy: { featuretap: '0', engine: 'onnx', engineVersion: '0', device: 'cpu', weights: 'drawn', data: folder },
  });
}
