import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { memoryFolder } from '../../../scripts/memory-folder.ts';
import { classify } from '../../../src/classify/classify.ts';
import { joinLabels } from '../../../src/classify/data/labelled-data.ts';
import type { Report } from '../../../src/classify/result/report.ts';
import type { MergeOptions } from '../../../src/cluster/merge/merge.ts';
import { loadNetwork } from '../../../src/extract/network-source.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { verifyFeatureSet } from '../../../src/features/repair/verify.ts';
import { createHead } from '../../../src/models/registry.ts';
import { fixture } from '../../extract/backbone/fixtures.ts';
import { CountingNetwork, drawFolder, drawImage, imagePath } from '../../extract/drawn-data.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { bothSets, type Extra, extractAll, extractAlone, extractOne, merge } from '../part/in-parts.ts';

describe('a set merged from parts', () => {
  const root = temporaryFolder(memoryFolder());
  let drawn = 0;
  before(() => {
    // A day on, however long the tests take: the times of files as young as those of a test have not settled.
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 });
  });
  after(() => mock.timers.reset());

  const newData = (): string => join(root, `data-${drawn++}`);

  async function drawData(count: number): Promise<string> {
    const data = newData();
    await drawFolder(data, count);
    return data;
  }

  async function checkSame(
    data: string,
    partCount: number,
    extra: Extra = {},
    merging: Partial<MergeOptions> = {},
  ): Promise<void> {
    await extractAlone(data, extra);
    await extractAll(data, partCount, extra);
    const { folder } = await merge(data, partCount, merging);
    assert.deepEqual(...(await bothSets(data)));
    assert.deepEqual((await verifyFeatureSet(folder)).problems, []);
  }

  for (const partCount of [1, 2, 7]) {
    it(`equals the set of one machine in order and every bit, from ${partCount} parts`, async () => {
      await checkSame(await drawData(19), partCount);
    });
  }

  it('equals it where parts have no image', async () => {
    await checkSame(await drawData(3), 20);
  });

  it('equals it in float16, with views, of whole maps, and in shards of other sizes', async () => {
    const variants: readonly Extra[] = [
      { dtype: 'float16' },
      { views: { count: 2, seed: 5 } },
      { pool: 'none' },
      { shardBytes: 64, batch: 1 },
      { shardBytes: 1e6 },
      { dtype: 'float16', views: { count: 1, seed: 0 }, pool: 'none', batch: 3 },
    ];
    for (const extra of variants) await checkSame(await drawData(13), 3, extra);
  });

  it('has one row for files with the same bytes, in one part or in several', async () => {
    const data = await drawData(12);
    for (let copy = 0; copy < 9; copy++) {
      await copyFile(join(data, imagePath(copy % 3)), join(data, `class-${copy % 3}/copy-${copy}.png`));
    }
    // Sorts before the file of which it is a copy.
    await copyFile(join(data, imagePath(11)), join(data, 'class-0/a.png'));
    await checkSame(data, 4);
  });

  it('lists unreadable, empty and vanished files as one machine does', async () => {
    const data = await drawData(14);
    await writeFile(join(data, 'class-1/broken.jpg'), 'no image');
    await writeFile(join(data, 'class-2/empty.png'), '');
    await writeFile(
      join(data, 'class-0/broken.png'),
      (await import('node:fs')).readFileSync(join(data, imagePath(0))).subarray(0, 90),
    );
    await checkSame(data, 3, { skipUnreadable: true });
  });

  it('keeps the order of labels.csv, and its ids without a file', async () => {
    const data = newData();
    await mkdir(join(data, 'train'), { recursive: true });
    const lines = ['id,breed'];
    for (let i = 0; i < 17; i++) {
      const id = `photo-${(i * 7) % 17}`;
      lines.push(`${id},breed ${i % 3}`);
      if (i % 5 !== 2) await drawImage(join(data, 'train', `${id}.png`), i);
    }
    await writeFile(join(data, 'labels.csv'), `${lines.join('\n')}\n`);
    await checkSame(data, 3, { allowMissing: true });
    await assert.rejects(extractOne(data, 0, 3), /names 17 images of which 14 are there/);
  });

  it('equals it without labels, and with any characters in names', async () => {
    const data = newData();
    const names = [
      'plain',
      'with, comma',
      'with "quotes"',
      'é',
      '日本',
      '\u{1f415}',
      '\u00a0 space',
      'a.b',
      'x\u2028y',
    ];
    for (const [i, name] of names.entries()) await drawImage(join(data, `${name}.png`), i);
    await copyFile(join(data, 'with, comma.png'), join(data, 'z.png'));
    await copyFile(join(data, '\u00a0 space.png'), join(data, 'zz.png'));
    // Two names that differ only in their extension: each keeps it in its id.
    await drawImage(join(data, 'plain.webp.png'), 20);
    await copyFile(join(data, 'plain.png'), join(data, 'plain.jpg'));
    await checkSame(data, 3);
  });

  it('equals it in int8, with activation ranges measured once for all parts', async () => {
    const data = await drawData(20);
    const network = () => loadNetwork(fixture('resnet-tiny.safetensors'), { device: 'cpu' });
    const extra: Extra = {
      precision: 'int8',
      preprocessing: { resize: 32, crop: 32 },
      network,
      batch: 8,
      shardBytes: 1e5,
    };
    await checkSame(data, 3, extra);
  });

  it('does not change when it is merged again, with its parts kept or computed again', async () => {
    const data = await drawData(11);
    await extractAlone(data);
    await extractAll(data, 3);
    await merge(data, 3, { keepParts: true });
    const again = await merge(data, 3);
    assert.deepEqual([again.newImages, again.keptImages], [0, 11]);
    const network = new CountingNetwork();
    await extractAll(data, 3, { network: async () => network });
    assert.equal(network.opened, 0);
    assert.equal((await merge(data, 3)).newImages, 0);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('grows as on one machine: added, changed, renamed, copied and deleted files', async () => {
    const data = await drawData(18);
    await extractAlone(data);
    await extractAll(data, 4);
    await merge(data, 4);
    await drawImage(join(data, 'class-0/added.png'), 100);
    await drawImage(join(data, 'class-2/added.png'), 101);
    await drawImage(join(data, imagePath(4)), 102);
    await rename(join(data, imagePath(3)), join(data, 'class-0/renamed.png'));
    await copyFile(join(data, imagePath(6)), join(data, 'class-1/copy.png'));
    await rm(join(data, imagePath(5)));
    const network = new CountingNetwork();
    await extractAll(data, 4, { network: async () => network });
    assert.equal(network.imageCount, 3);
    const alone = await extractAlone(data);
    const merged = await merge(data, 4);
    assert.equal(merged.newImages, alone.newImages);
    assert.deepEqual(...(await bothSets(data)));
    const later = new CountingNetwork();
    const { newImages } = await extractAlone(data, { name: 'parts', network: async () => later });
    assert.deepEqual([newImages, later.opened], [0, 0], 'a merged set is like any other');
  });

  it('keeps the rows of a set that one machine began', async () => {
    const data = await drawData(9);
    await extractAlone(data);
    await extractAlone(data, { name: 'parts' });
    for (let i = 20; i < 26; i++) await drawImage(join(data, `class-1/later-${i}.png`), i);
    const network = new CountingNetwork();
    await extractAll(data, 3, { network: async () => network });
    assert.equal(network.imageCount, 6);
    await extractAlone(data);
    await merge(data, 3);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('gives the splits, accuracies and probabilities of a set from one machine', async () => {
    const data = await drawData(45);
    await copyFile(join(data, imagePath(4)), join(data, 'class-0/a.png'));
    await extractAlone(data);
    await extractAll(data, 4);
    await merge(data, 4);
    const reports = [];
    for (const name of ['parts', 'alone']) {
      const heads = [createHead('linear', {}), createHead('svm', {}), createHead('forest', { trees: 5 })];
      const options = { heads, out: join(`${data}-reports`, name), testSize: 0.3, seed: 3, repeats: 2, threads: 1 };
      const table = await joinLabels(await openFeatureSet(join(`${data}-cache`, name)), { maxMissing: 0 });
      const made = await classify(table, { ...options, command: 'featuretap classify' });
      reports.push(made.map((report) => withoutTimes(report)));
    }
    assert.deepEqual(reports[0], reports[1]);
  });

  it('hard-links the shards of its parts, and copies them where the file system cannot', async () => {
    const data = await drawData(14);
    await extractAlone(data);
    await extractAll(data, 2);
    const set = join(`${data}-cache`, 'parts');
    const part = join(set, '.parts', '1-of-2', '0001', 'features-00000.npy');
    const last = async (): Promise<string> => {
      const { manifest } = await openFeatureSet(set);
      const own = (await readFile(part)).toString('hex');
      const files = manifest.shards.map(({ file }) => join(set, file));
      const same = await Promise.all(files.map(async (file) => (await readFile(file)).toString('hex') === own));
      return files[same.indexOf(true)] as string;
    };
    await merge(data, 2, { keepParts: true });
    assert.equal((await stat(await last())).ino, (await stat(part)).ino);
    await rm(join(set, 'manifest.json'));
    const link = async (): Promise<void> => {
      throw Object.assign(new Error('EXDEV: cross-device link not permitted'), { code: 'EXDEV' });
    };
    await merge(data, 2, { keepParts: true, files: { ...quickFiles, link } });
    assert.notEqual((await stat(await last())).ino, (await stat(part)).ino);
    assert.deepEqual(...(await bothSets(data)));
    await merge(data, 2);
    assert.deepEqual((await verifyFeatureSet(set)).problems, []);
  });

  it('uses no shard without new rows, and takes as little space as another set after a prune', async () => {
    const data = await drawData(12);
    await copyFile(join(data, imagePath(1)), join(data, 'class-2/copy.png'));
    await extractAlone(data);
    await extractAll(data, 3);
    await merge(data, 3);
    const folder = join(`${data}-cache`, 'parts');
    await extractAll(data, 3);
    const before = (await openFeatureSet(folder)).manifest.shards;
    assert.equal((await merge(data, 3)).newImages, 0);
    assert.deepEqual((await openFeatureSet(folder)).manifest.shards, before);
    const { manifest } = await extractAlone(data, { name: 'parts', prune: true });
    assert.deepEqual(
      manifest.shards.map(({ rowCount }) => rowCount),
      [8, 4],
    );
    assert.deepEqual(...(await bothSets(data)));
  });
});

/** A report without times, dates and the paths of its rows. */
function withoutTimes(report: Report): unknown {
  const volatile = /(seconds|^folder|^report$|created|^rowCount|^started|memory|^date|path)/i;
  return JSON.parse(JSON.stringify(report, (key, value) => (volatile.test(key) ? undefined : value)));
}
