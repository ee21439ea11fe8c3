import assert from 'node:assert/strict';
import { copyFile, cp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { extract } from '../../../src/extract/extract.ts';
import { type Repair, type RepairOptions, repairFeatureSet } from '../../../src/extract/repair/repair.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { verifyFeatureSet } from '../../../src/features/repair/verify.ts';
import type { Files, OpenFile } from '../../../src/system/files.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import {
  CountingNetwork,
  drawFolder,
  drawImage,
  drawnRun,
  imagePath,
  openPlainPipeline,
  type RunChanges,
} from '../drawn-data.ts';

describe('verify and repair', () => {
  const root = temporaryFolder();
  let data = '';
  let original = '';
  let copies = 0;
  const imageCount = 19;

  before(async () => {
    data = join(root, 'data');
    await drawFolder(data, imageCount);
    original = (await run('original', {})).folder;
  });

  function run(name: string, extra: RunChanges): ReturnType<typeof extract> {
    return extract(drawnRun(data, new CountingNetwork(), { name, cache: join(root, 'cache'), ...extra }));
  }

  async function copy(): Promise<string> {
    const folder = join(root, 'cache', `copy-${copies++}`);
    await cp(original, folder, { recursive: true });
    return folder;
  }

  function repair(
    folder: string,
    network = new CountingNetwork(),
    extra: Partial<RepairOptions> = {},
  ): Promise<Repair> {
    return repairFeatureSet(folder, {
      network: async () => network,
      command: 'featuretap verify --repair',
      batch: 4,
      openPipeline: openPlainPipeline,
      files: quickFiles,
      ...extra,
    });
  }

  it('finds nothing wrong with an intact set, and changes nothing', async () => {
    const folder = await copy();
    const { problems, checkedRows } = await verifyFeatureSet(folder);
    assert.deepEqual(problems, []);
    assert.equal(checkedRows, imageCount);
    assert.deepEqual(await contentsOf(folder), await contentsOf(original));
  });

  it('names the row of every flipped bit of a shard, and computes that row again to the same bytes', async () => {
    for (const row of [0, 7, 8, 12, 18]) {
      const folder = await copy();
      // Shards of 8 rows of 16 bytes after their header.
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

  it('computes a missing or truncated shard again', async () => {
    for (const damage of ['gone', 'cut'] as const) {
      const folder = await copy();
      const path = join(folder, 'features-00001.npy');
      if (damage === 'gone') await rm(path);
      else await writeFile(path, (await readFile(path)).subarray(0, 100));
      // Of 8 rows, two lie before the truncation.
      const { damagedShards, checkedRows, checkedBytes } = await verifyFeatureSet(folder);
      assert.equal(damagedShards[0]?.rows.length, damage === 'gone' ? 8 : 6);
      // A missing shard is not read; the others' rows of 4 numbers in float32 are.
      const read = damage === 'gone' ? imageCount - 8 : imageCount;
      assert.deepEqual([checkedRows, checkedBytes], [read, 16 * read]);
      await repair(folder);
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('computes only the rows behind a truncation, and none for a damaged header', async () => {
    for (const [damage, rows] of [
      ['cut', [13, 14, 15]],
      ['header', []],
    ] as const) {
      const folder = await copy();
      const path = join(folder, 'features-00001.npy');
      const bytes = await readFile(path);
      if (damage === 'cut') await writeFile(path, bytes.subarray(0, -16 * 2 - 1));
      else await flipBit(path, 20, false);
      const { damagedShards, problems } = await verifyFeatureSet(folder);
      assert.deepEqual(
        damagedShards.map((shard) => shard.rows),
        [rows],
      );
      assert.equal(problems.length, 1);
      const network = new CountingNetwork();
      await repair(folder, network);
      assert.deepEqual([network.imageCount, network.opened], [rows.length, rows.length === 0 ? 0 : 1]);
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('restores any table from its copy, without the network', async () => {
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

  it('removes a damaged row whose image is missing, and records it in outcomes.csv', async () => {
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

  it('computes a damaged row again from a copy of its image, where the image is missing', async () => {
    const otherData = join(root, 'twins');
    await drawFolder(otherData, 9);
    await copyFile(join(otherData, imagePath(4)), join(otherData, 'class-2/zz-twin.png'));
    const { folder } = await run('twins', { data: otherData });
    const before = await contentsOf(folder);
    await rm(join(otherData, imagePath(4)));
    await flipBit(join(folder, 'features-00000.npy'), 5 + 16 * ((await rowOf(folder, 4)) % 8), true);
    const { dropped, recomputed } = await repair(folder);
    assert.deepEqual([dropped, recomputed], [[], 1]);
    assert.deepEqual(await contentsOf(folder), before);
  });

  it('removes nothing where the whole data folder is missing, and accepts its new path', async () => {
    const [place, elsewhere] = [join(root, 'place'), join(root, 'elsewhere')];
    await drawFolder(place, 5);
    const { folder } = await run('away', { data: place });
    const before = await contentsOf(folder);
    await rename(place, elsewhere);
    await flipBit(join(folder, 'features-00000.npy'), 5, true);
    const damaged = await contentsOf(folder);
    await assert.rejects(repair(folder), /not where they were[\s\S]*place[\s\S]*--data FOLDER/);
    assert.deepEqual(await contentsOf(folder), damaged);
    assert.deepEqual((await repair(folder, new CountingNetwork(), { data: elsewhere })).after.problems, []);
    assert.deepEqual(await contentsOf(folder), before);
  });

  it('repairs rows without any file in .run/, and leaves a table to extract', async () => {
    const folder = await copy();
    await rm(join(folder, '.run'), { recursive: true });
    await flipBit(join(folder, 'features-00001.npy'), 5, true);
    const { recomputed } = await repair(folder);
    assert.equal(recomputed, 8, 'without the checks of its rows, a whole shard');
    assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    for (const table of ['labels.csv', 'outcomes.csv']) {
      await rm(join(folder, '.run'), { recursive: true });
      await flipBit(join(folder, table), 10, false);
      await assert.rejects(
        repair(folder),
        new RegExp(`${table}[\\s\\S]*delete ${table} and run featuretap extract again`),
      );
      await rm(join(folder, table));
      const network = new CountingNetwork();
      const name = basename(folder);
      await run(name, { network: async () => network });
      assert.equal(network.imageCount, 0);
      // The set was moved, and nothing else differs.
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('uses what a failing disk still reads, and computes the rest again', async () => {
    for (const [file, place] of [
      ['features-00001.npy', 128 + 16 * 3],
      ['index.csv', 40],
      ['manifest.json', 40],
    ] as const) {
      const folder = await copy();
      // One bad block in an existing file; newly written files are read as usual.
      const { ino } = await stat(join(folder, file));
      const files: Files = {
        ...quickFiles,
        open: async (path, flags) => {
          const opened = await quickFiles.open(path, flags);
          const isBad = (await stat(path)).ino === ino;
          const read: OpenFile['read'] = async (buffer, offset, length, position) => {
            if (!isBad || place < position || place >= position + length) {
              return opened.read(buffer, offset, length, position);
            }
            throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
          };
          return { ...opened, read };
        },
      };
      const opening = openFeatureSet(folder, files).then((set) => set.readMatrix());
      await assert.rejects(
        opening,
        new RegExp(`the disk failed to read a file[\\s\\S]*${file}[\\s\\S]*verify --repair`),
      );
      const { problems } = await verifyFeatureSet(folder, files);
      assert.equal(problems.length, 1);
      assert.match(problems[0]?.what ?? '', /the disk failed to read a file/);
      const { recomputed, restored } = await repair(folder, new CountingNetwork(), { files });
      assert.deepEqual([recomputed, restored], file.endsWith('.npy') ? [1, []] : [0, [file]]);
      assert.deepEqual(await contentsOf(folder), await contentsOf(original));
    }
  });

  it('does not change a set of a newer format, with or without copies of its tables', async () => {
    const folder = await copy();
    const path = join(folder, 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"formatVersion": 1', '"formatVersion": 2'));
    const before = await contentsOf(folder);
    for (const attempt of [() => verifyFeatureSet(folder), () => repair(folder), () => run(basename(folder), {})]) {
      await assert.rejects(attempt, /newer featuretap[\s\S]*format version 2[\s\S]*update featuretap/);
    }
    assert.deepEqual(await contentsOf(folder), before);
  });

  it('finds nothing wrong with a set that a run publishes during the check', async () => {
    const otherData = join(root, 'growing');
    await drawFolder(otherData, 3);
    const { folder } = await run('growing', { data: otherData });
    let grown = 0;
    const files: Files = {
      ...quickFiles,
      open: async (path, flags) => {
        // Publishes a whole run between reading the manifest and the first table, three times.
        if (path.endsWith('index.csv') && grown < 3) {
          await drawImage(join(otherData, `class-0/added-${grown++}.png`), 100 + grown);
          await run('growing', { data: otherData });
        }
        return quickFiles.open(path, flags);
      },
    };
    const { problems, checkedRows } = await verifyFeatureSet(folder, files);
    assert.deepEqual([problems, checkedRows, grown], [[], 6, 3]);
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
