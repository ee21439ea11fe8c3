import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { listBackbones } from '../../src/extract/backbones.ts';
import { keepSpeed, type MeasuredSpeed } from '../../src/extract/explain/speed.ts';
import { knownWeights } from '../../src/extract/weights/known-weights.ts';
import type { FingerprintFields } from '../../src/features/manifest/manifest.ts';
import { nodeFiles } from '../../src/system/files.ts';
import { jsonFixture } from '../reference.ts';

interface Published {
  readonly architecture: string;
  readonly parameters: number;
  readonly published: number;
  readonly features: number;
  readonly mebibytes: number;
  readonly resize: number;
  readonly crop: number;
}

const { weights } = jsonFixture('known-weights.json') as {
  readonly weights: Readonly<Record<string, Published>>;
};

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-backbones-'));
  const before = process.env['FEATURETAP_CACHE_HOME'];
  process.env['FEATURETAP_CACHE_HOME'] = join(folder, 'home');
  try {
    await work(folder);
  } finally {
    if (before === undefined) delete process.env['FEATURETAP_CACHE_HOME'];
    else process.env['FEATURETAP_CACHE_HOME'] = before;
    await rm(folder, { recursive: true });
  }
}

test('lists what torchvision publishes for each known name: parameters, features, input, file size', async () => {
  await withFolder(async (folder) => {
    const listed = (await listBackbones(nodeFiles, folder)).filter(({ downloadMebibytes }) => downloadMebibytes > 0);
    assert.equal(listed.length, Object.keys(weights).length);
    for (const { name, architecture, parameters, features, resize, crop, downloadMebibytes } of listed) {
      const published = weights[knownWeights[name]?.file as string] as Published;
      assert.deepEqual(
        { architecture, parameters, published: parameters, features, mebibytes: downloadMebibytes, resize, crop },
        published,
      );
    }
  });
});

test('lists what is in the cache, and the speed of each architecture over the sets of --cache', async () => {
  await withFolder(async (folder) => {
    const cache = join(folder, 'cache');
    for (const set of ['a', 'b']) await mkdir(join(cache, set, '.run'), { recursive: true });
    await mkdir(join(folder, 'home', 'weights'), { recursive: true });
    await writeFile(join(folder, 'home', 'weights', 'resnet18-f37072fd.pth'), '');
    const fields = { precision: 'float32', preprocessing: { crop: 224 } } as FingerprintFields;
    const speed: MeasuredSpeed = { device: 'cpu', cores: 2, images: 100, seconds: 4 };
    await keepSpeed(nodeFiles, join(cache, 'a'), { ...fields, architecture: 'resnet18' }, speed);
    await keepSpeed(nodeFiles, join(cache, 'b'), { ...fields, architecture: 'resnet-tiny' }, speed);
    const listed = await listBackbones(nodeFiles, cache);
    assert.deepEqual(
      listed.filter(({ downloaded }) => downloaded).map(({ name }) => name),
      ['resnet18', 'demo-net'],
    );
    const measured = listed.flatMap(({ name, measured }) => measured.map((each) => [name, each.imagesPerSecond]));
    assert.deepEqual(measured, [['resnet18', 25]]);
  });
});
