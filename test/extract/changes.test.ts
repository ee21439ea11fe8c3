import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it, mock } from 'node:test';
import { explainExtract } from '../../src/extract/explain/explain-extract.ts';
import { type ExtractResult, extract } from '../../src/extract/extract.ts';
import { markOf } from '../../src/features/index/file-memory.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  CountingNetwork,
  drawFolder,
  drawImage,
  drawnRun,
  imagePath,
  openPlainPipeline,
  type RunChanges,
} from './drawn-data.ts';

describe('extract over a folder that changes', () => {
  const root = temporaryFolder();
  let drawn = 0;
  let data = '';
  before(() => {
    // A day on, however long the tests take: files as young as those of a test are read again at the next run.
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 });
  });
  after(() => mock.timers.reset());
  beforeEach(async () => {
    data = join(root, `data-${drawn++}`);
    await drawFolder(data, 9);
  });

  /** Runs extract. @returns how many images were computed, and which files were read */
  async function run(
    extra: RunChanges = {},
  ): Promise<{ result: ExtractResult; computed: number; read: readonly string[] }> {
    const network = new CountingNetwork();
    const read: string[] = [];
    const openPipeline: typeof openPlainPipeline = (recipe, options) => {
      const pipeline = openPlainPipeline(recipe, options);
      return {
        ...pipeline,
        async *decode(images) {
          for await (const result of pipeline.decode(images)) {
            read.push(result.image.relativePath);
            yield result;
          }
        },
      };
    };
    const result = await extract(drawnRun(data, network, { openPipeline, ...extra }));
    return { result, computed: network.imageCount, read };
  }

  /** Rows by id must equal those of a new set of the folder. */
  async function assertAsFresh(folder: string): Promise<void> {
    const { result } = await run({ name: 'fresh', replace: true });
    assert.deepEqual(await labelledRows(folder), await labelledRows(result.folder));
  }

  it('reads no file that did not change, and each one with --rehash', async () => {
    assert.equal((await run()).computed, 9);
    assert.deepEqual((await run()).read, []);
    const { computed, read } = await run({ rehash: true });
    assert.equal(computed, 0);
    assert.equal(read.length, 9);
    // A rehash keeps the recorded times.
    assert.deepEqual((await run()).read, []);
  });

  it("detects changed content, whatever the file's size and time", async () => {
    const path = join(data, imagePath(1));
    const old = new Date('2020-01-01');
    await utimes(path, old, old);
    await run();
    const { size } = await stat(path);
    // Seeds that are equal modulo 5 give files of one size.
    await drawImage(path, 11);
    await utimes(path, old, old);
    assert.equal((await stat(path)).size, size);
    const { result, computed, read } = await run();
    assert.deepEqual([computed, read], [1, [imagePath(1)]]);
    await assertAsFresh(result.folder);
  });

  it('trusts the recorded size and time of a file unless told otherwise', async () => {
    const path = join(data, imagePath(1));
    const { result } = await run();
    await drawImage(path, 11);
    // As if the change had kept size and time: the present time with the old sha256.
    const memory = join(result.folder, '.run', 'files.csv');
    const { remember, damage } = await forgeMemory(memory, imagePath(1), path);
    await remember();
    assert.deepEqual((await run()).read, []);
    await remember();
    assert.equal((await run({ rehash: true })).computed, 1);
    await damage();
    const { read } = await run();
    assert.equal(read.length, 9, 'a memory with one changed byte is none');
    await assertAsFresh(result.folder);
  });

  it('follows two files that swap names, with the same size and time', async () => {
    const [one, other] = [join(data, imagePath(1)), join(data, imagePath(6))];
    const old = new Date('1980-01-01');
    for (const path of [one, other]) await utimes(path, old, old);
    assert.equal((await stat(one)).size, (await stat(other)).size);
    const { result } = await run();
    await swap(one, other);
    const { computed } = await run();
    assert.equal(computed, 0);
    await assertAsFresh(result.folder);
  });

  it('follows a change of case in a name', async () => {
    const { result } = await run();
    await rename(join(data, imagePath(0)), join(data, 'class-0/IMAGE-000.PNG'));
    const { computed } = await run();
    assert.equal(computed, 0);
    assert.equal((await openFeatureSet(result.folder)).rowOf('class-0/image-000'), undefined);
    await assertAsFresh(result.folder);
  });

  it('gives a file the row of its new bytes where another file had them', async () => {
    const { result } = await run();
    await copyFile(join(data, imagePath(3)), join(data, imagePath(0)));
    const { computed, result: next } = await run();
    assert.equal(computed, 0);
    assert.deepEqual([next.manifest.counts.kept, next.manifest.counts.duplicate], [8, 1]);
    await assertAsFresh(result.folder);
    // The copy that had the row is removed, then the bytes return as they were.
    await rm(join(data, imagePath(3)));
    assert.equal((await run()).computed, 0);
    await assertAsFresh(result.folder);
    await drawImage(join(data, imagePath(0)), 0);
    assert.equal((await run()).computed, 1, 'the bytes that had left the set');
    await assertAsFresh(result.folder);
  });

  it('keeps the row of a copy when the first file is deleted, also together with a prune', async () => {
    await copyFile(join(data, imagePath(0)), join(data, 'class-2/zz-twin.png'));
    const { result } = await run();
    await rm(join(data, imagePath(0)));
    const { computed, result: pruned } = await run({ prune: true });
    assert.equal(computed, 0);
    assert.deepEqual([pruned.manifest.counts.kept, pruned.manifest.counts.duplicate], [9, 0]);
    await assertAsFresh(result.folder);
  });

  it('applies new labels of labels.csv without reading an image', async () => {
    const kaggle = join(root, 'kaggle');
    await mkdir(kaggle);
    await rename(join(data, 'class-0'), join(kaggle, 'train'));
    data = kaggle;
    const ids = ['image-000', 'image-003', 'image-006'];
    const write = (labels: readonly string[]): Promise<void> =>
      writeFile(join(kaggle, 'labels.csv'), `id,breed\n${ids.map((id, i) => `${id},${labels[i]}\n`).join('')}`);
    await write(['pug', 'pug', 'husky']);
    const { result } = await run();
    await write(['pug', 'husky', 'husky']);
    const explained = await explainExtract(drawnRun(data, new CountingNetwork()));
    assert.deepEqual([explained.toCompute, explained.reasons], [0, ['1 changed label', 'nothing to compute']]);
    const { computed, read, result: next } = await run();
    assert.deepEqual([computed, read, next.newImages, next.keptImages], [0, [], 0, 3]);
    const set = await openFeatureSet(result.folder);
    assert.deepEqual([...set.labels.values()], ['pug', 'husky', 'husky']);
    assert.equal(next.manifest.fingerprint, result.manifest.fingerprint);
    assert.notEqual(next.manifest.labelsSha256, result.manifest.labelsSha256);
  });

  it('counts what happened to every input, and the counts add up', async () => {
    const kaggle = join(root, 'outcomes');
    await mkdir(kaggle);
    await rename(join(data, 'class-0'), join(kaggle, 'train'));
    data = kaggle;
    await copyFile(join(kaggle, 'train/image-003.png'), join(kaggle, 'train/twin.png'));
    await writeFile(join(kaggle, 'train/broken.png'), 'no image');
    await symlink('nowhere', join(kaggle, 'train/dangling.png'));
    const lines = ['image-000', 'image-003', 'image-006', 'twin', 'broken', 'dangling', 'nowhere'];
    await writeFile(
      join(kaggle, 'labels.csv'),
      `id,breed\n${lines.map((id, i) => `${id},${i === 0 ? 'boxer' : 'pug'}\n`).join('')}`,
    );
    const { result } = await run({ skipUnreadable: true, allowMissing: true });
    assert.deepEqual(result.manifest.counts, { kept: 3, duplicate: 1, missing: 1, unreadable: 1, failed: 1, total: 7 });
    const { outcomes } = await openFeatureSet(result.folder);
    assert.deepEqual(
      outcomes.map(({ id, outcome }) => `${id} ${outcome}`),
      ['twin duplicate', 'broken unreadable', 'dangling failed', 'nowhere missing'],
    );
    assert.ok(outcomes.every(({ reason }) => reason !== ''));
  });
});

/** Labels and rows by id. */
async function labelledRows(folder: string): Promise<Map<string, readonly unknown[]>> {
  const set = await openFeatureSet(folder);
  const { ids, labels, rows } = set.labelled();
  const { data } = await set.readMatrix(rows);
  return new Map(
    ids.map((id, i) => [id, [labels[i], set.pathOf(id), ...data.subarray(i * set.dims, (i + 1) * set.dims)]]),
  );
}

async function swap(one: string, other: string): Promise<void> {
  await rename(one, `${one}.aside`);
  await rename(other, one);
  await rename(`${one}.aside`, other);
}

/** Changes the record of a file to its present time with its old sha256; `damage` flips one bit. */
async function forgeMemory(
  memory: string,
  relativePath: string,
  path: string,
): Promise<{ readonly remember: () => Promise<void>; readonly damage: () => Promise<void> }> {
  const text = (await readFile(memory, 'utf8')).split('\n');
  const { size, mtimeNs, ctimeNs } = markOf(path) ?? assert.fail();
  const lines = text
    .slice(0, -2)
    .map((line) => {
      const [name, , , , sha256] = line.split(',');
      return name === relativePath ? [name, size, mtimeNs, ctimeNs, sha256].join() : line;
    })
    .map((line) => `${line}\n`)
    .join('');
  const forged = `${lines}${createHash('sha256').update(lines).digest('hex')}\n`;
  const damaged = Buffer.from(forged);
  damaged[200]! ^= 1;
  return { remember: () => writeFile(memory, forged), damage: () => writeFile(memory, damaged) };
}
