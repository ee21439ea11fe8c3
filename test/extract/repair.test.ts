import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ExtractOptions, extract } from '../../src/extract/extract.ts';
import { type Repair, repairFeatureSet } from '../../src/extract/repair.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { verifyFeatureSet } from '../../src/features/verify.ts';
import { quickFiles } from '../features/faulty-files.ts';
import { CountingNetwork, drawFolder, imagePath, openPlainPipeline } from './drawn-data.ts';

describe('verify and repair', () => {
  let root = '';
  let data = '';
  let original = '';
  let copies = 0;
  const imageCount = 19;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-repair-'));
    data = join(root, 'data');
    await drawFolder(data, imageCount);
    original = (await run('original', {})).folder;
  });
  after(() => rm(root, { recursive: true }));

  function run(name: string, extra: Partial<ExtractOptions>): ReturnType<typeof extract> {
    return extract({
      data,
      name,
      cache: join(root, 'cache'),
      network: async () => new CountingNetwork(),
      tap: 'avgpool',
      pool: 'mean',
      preprocessing: { resize: 10, crop: 8 },
      dtype: 'float32',
      precision: 'float32',
      batch: 4,
      shardBytes: 128,
      command: 'featuretap extract',
      version: '0.1.0',
      openPipeline: openPlainPipeline,
      files: quickFiles,
      ...extra,
    });
  }

  async function copy(): Promise<string> {
    const folder = join(root, 'cache', `copy-${copies++}`);
    await cp(original, folder, { recursive: true });
    return folder;
  }

  function repair(folder: string, network = new CountingNetwork()): Promise<Repair> {
    return repairFeatureSet(folder, {
      network: async () => network,
      command: 'featuretap verify --repair',
      batch: 4,
      openPipeline: openPlainPipeline,
      files: quickFiles,
    });
  }

  it('finds nothing wrong with a whole set, and changes nothing', async () => {
    const folder = await copy();
    const { problems, checkedRows } = await verifyFeatureSet(folder);
    assert.deepEqual(problems, []);
    assert.equal(checkedRows, imageCount);
    assert.deepEqual(await contentsOf(folder), await contentsOf(original));
  });

  it('names the row of every flipped bit of a shard, and computes that row again to the same bytes', async () => {
    for (const row of [0, 7, 8, 12, 18]) {
      const folder = await copy();
      // Shards of 8 rows of 16 bytes behind their header.
      await flipBit(join(folder, `features-0000${Math.floor(row / 8)}.npy`), 5 + 16 * (row % 8), true);
      const found = await verifyFeatureSet(folder);
      assert.deepEqual(
        found.problems.map(({ rows }) => rows),
        [[row, row + 1]],
      );
      const network = new CountingNetwork();
      const repaired = await repair(folder, network);
      assert.equal(network.imageCount, 1);
      assert.equal(repaired.recomputed, 1);
      assert.deepEqual(repaired.after.problems, []);
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('computes a shard again that is gone or cut short', async () => {
    for (const damage of ['gone', 'cut'] as const) {
      const folder = await copy();
      const path = join(folder, 'features-00001.npy');
      if (damage === 'gone') await rm(path);
      else await writeFile(path, (await readFile(path)).subarray(0, 100));
      assert.deepEqual((await verifyFeatureSet(folder)).damagedShards[0]?.rows.length, 8);
      await repair(folder);
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('restores any table from its spare copy, without the network', async () => {
    for (const file of ['manifest.json', 'index.csv', 'labels.csv', 'outcomes.csv']) {
      const folder = await copy();
      await flipBit(join(folder, file), 10, false);
      const found = await verifyFeatureSet(folder);
      assert.equal(found.problems[0]?.file, file);
      const network = new CountingNetwork();
      const repaired = await repair(folder, network);
      assert.deepEqual(repaired.restored, [file]);
      assert.equal(network.opened, 0);
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('finds an index with two lines swapped', async () => {
    const folder = await copy();
    const path = join(folder, 'index.csv');
    const lines = (await readFile(path, 'utf8')).split('\n');
    [lines[3], lines[4]] = [lines[4] as string, lines[3] as string];
    await writeFile(path, lines.join('\n'));
    assert.match((await verifyFeatureSet(folder)).problems[0]?.what ?? '', /changed since it was written/);
    await assert.rejects(openFeatureSet(folder), /index\.csv/);
  });

  it('drops a damaged row whose image is gone, and says so in outcomes.csv', async () => {
    const otherData = join(root, 'other');
    await drawFolder(otherData, 9);
    const { folder } = await run('losing', { data: otherData });
    await rm(join(otherData, imagePath(4)));
    await flipBit(join(folder, 'features-00000.npy'), 5 + 16 * ((await rowOf(folder, 4)) % 8), true);
    const { dropped, after: verification } = await repair(folder);
    assert.deepEqual(
      dropped.map(({ id }) => id),
      ['class-1/image-004'],
    );
    assert.deepEqual(verification.problems, []);
    const set = await openFeatureSet(folder);
    assert.equal(set.rowOf('class-1/image-004'), undefined);
    assert.deepEqual(set.manifest.counts, { kept: 8, duplicate: 0, missing: 0, unreadable: 0, failed: 1, total: 9 });
    assert.equal((await set.readMatrix()).rowCount, 8);
  });

  it('keeps views beside their image, and repairs them with it', async () => {
    const { folder, manifest } = await run('views', { views: { count: 2, seed: 3 }, shardBytes: 400 });
    assert.equal(manifest.rowCount, imageCount * 3);
    const set = await openFeatureSet(folder);
    const plain = await openFeatureSet(original);
    assert.deepEqual((await set.readMatrix()).data, (await plain.readMatrix()).data);
    const before = await contentsOf(folder);
    const row = set.viewRows(set.rowOf('class-0/image-006') as number)[1] as number;
    const shard = manifest.shards[0]?.rowCount as number;
    await flipBit(join(folder, `features-0000${Math.floor(row / shard)}.npy`), 5 + 16 * (row % shard), true);
    const network = new CountingNetwork();
    await repair(folder, network);
    assert.equal(network.imageCount, 3);
    assert.deepEqual(await contentsOf(folder), before);
  });
});

async function rowOf(folder: string, image: number): Promise<number> {
  const id = imagePath(image).replace('.png', '');
  return (await openFeatureSet(folder)).rowOf(id) as number;
}

/** @param fromData whether `byte` counts from the first number of an .npy file, else from the start of the file */
async function flipBit(path: string, byte: number, fromData: boolean): Promise<void> {
  const bytes = await readFile(path);
  const start = fromData ? 10 + bytes.readUInt16LE(8) : 0;
  bytes[start + byte]! ^= 4;
  await writeFile(path, bytes);
}

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const file of (await readdir(folder)).filter((name) => name !== '.run').sort()) {
    contents[file] = (await readFile(join(folder, file))).toString('base64');
  }
  return contents;
}
