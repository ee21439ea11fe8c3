import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LabelLine } from '../../src/features/index/labels.ts';
import type { Outcome } from '../../src/features/index/outcomes.ts';
import { runFolder, shardFile } from '../../src/features/manifest/layout.ts';
import type { FingerprintFields, Manifest } from '../../src/features/manifest/manifest.ts';
import { publish } from '../../src/features/run/publish.ts';
import { writeShard } from '../../src/features/shards/shard.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { nodeFiles } from '../../src/system/files.ts';

export const plainFields: FingerprintFields = {
  architecture: 'resnet50',
  weightsSha256: 'a'.repeat(64),
  tap: 'avgpool',
  pool: 'mean',
  preprocessing: {
    resize: 256,
    crop: 224,
    interpolation: 'bilinear',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    autoOrient: false,
  },
  dtype: 'float32',
  precision: 'float32',
};

/** sha256 of an image of this id, as if its bytes were its id. */
export function fakeSha256(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

export interface FeatureSetParts {
  /** [ids × rowsPerImage, dims] */
  readonly matrix: Matrix;
  /** In row order. */
  readonly ids: readonly string[];
  /** Id and label, in labels.csv's order. */
  readonly labels?: readonly LabelLine[];
  readonly outcomes?: readonly Outcome[];
  readonly fields?: Partial<FingerprintFields>;
  /** Default: all in one shard. */
  readonly rowsPerShard?: number;
  readonly weights?: string;
  /** sha256 of the image of an id; default: as if its bytes were its id. */
  readonly sha256Of?: (id: string) => string;
}

/** Writes a feature set from a matrix with the code of extract. The folder is complete when this resolves. */
export async function makeFeatureSet(folder: string, parts: FeatureSetParts): Promise<Manifest> {
  const { matrix, ids, sha256Of = fakeSha256 } = parts;
  const fields = { ...plainFields, ...parts.fields };
  const stride = 1 + (fields.views?.count ?? 0);
  await nodeFiles.makeFolder(join(folder, runFolder));
  const rowsPerShard = parts.rowsPerShard ?? Math.max(1, matrix.rowCount);
  const shards = [];
  for (let row = 0; row < matrix.rowCount; row += rowsPerShard) {
    const end = Math.min(matrix.rowCount, row + rowsPerShard);
    const data = matrix.data.subarray(row * matrix.columnCount, end * matrix.columnCount);
    const file = shardFile(shards.length);
    shards.push(await writeShard(nodeFiles, folder, file, data, [matrix.columnCount], fields.dtype));
  }
  return publish(nodeFiles, folder, {
    fields,
    rowShape: [matrix.columnCount],
    shards,
    images: ids.map((id, i) => ({ row: i * stride, id, path: `train/${id}.jpg`, sha256: sha256Of(id) })),
    labels: parts.labels ?? [],
    outcomes: parts.outcomes ?? [],
    canary: 'AAAAAA==',
    madeBy: {
      featuretap: '0.1.0',
      engine: 'onnx',
      engineVersion: '1.30.0',
      device: 'cpu',
      weights: parts.weights ?? 'resnet50',
      data: '/data/drawn',
    },
  });
}
