import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFeatureSet } from '../../src/features/reader.ts';
import { verifyFeatureSet } from '../../src/features/repair/verify.ts';
import { bothSets, extractAll, extractAlone, merge } from '../cluster/part/in-parts.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { drawImage } from './drawn-data.ts';

const root = temporaryFolder();

/** A given split of 12 images, with a note, an empty file and a hidden one. */
async function drawSplit(name: string): Promise<string> {
  const data = join(root, name);
  for (let i = 0; i < 12; i++) {
    const part = i < 6 ? 'train' : i < 9 ? 'val' : 'test';
    await drawImage(join(data, part, `class-${i % 3}`, `${i}.png`), i);
  }
  await writeFile(join(data, 'notes, of mine.txt'), 'text');
  await writeFile(join(data, 'train', '.hidden'), '');
  await writeFile(join(data, 'train', 'empty'), '');
  return data;
}

test('outcomes.csv lists the files that were left out and why; they are counted, and are not inputs', async () => {
  const { folder, manifest } = await extractAlone(await drawSplit('plain'));
  assert.deepEqual([manifest.counts.total, manifest.counts.leftOut], [12, 3]);
  const { outcomes } = await openFeatureSet(folder);
  assert.deepEqual(
    outcomes.map(({ id, path, outcome, reason }) => [id, path, outcome, reason]),
    [
      ['', 'notes, of mine.txt', 'left-out', 'not an image by its bytes'],
      ['', 'train/.hidden', 'left-out', 'a hidden file'],
      ['', 'train/empty', 'left-out', 'an empty file'],
    ],
  );
  assert.deepEqual((await verifyFeatureSet(folder)).problems, []);
});

test('labels.csv has a column for the part of a given split, and the set reads it', async () => {
  const { folder } = await extractAlone(await drawSplit('columns'));
  const [header, first] = (await readFile(join(folder, 'labels.csv'), 'utf8')).split('\n');
  assert.deepEqual([header, first], ['id,label,split', 'test/class-0/9,class-0,test']);
  const { splits, labels } = await openFeatureSet(folder);
  assert.equal(labels.get('val/class-1/7'), 'class-1');
  assert.equal(splits?.get('val/class-1/7'), 'val');
});

test('parts of a split with files left out merge to the set of a single run', async () => {
  const data = await drawSplit('parts');
  const alone = await extractAlone(data);
  await extractAll(data, 3);
  const { folder, manifest } = await merge(data, 3);
  // Without duplicates no line of these tables refers to a row number.
  for (const file of ['labels.csv', 'outcomes.csv']) {
    assert.equal(await readFile(join(folder, file), 'utf8'), await readFile(join(alone.folder, file), 'utf8'), file);
  }
  assert.deepEqual(manifest.counts, alone.manifest.counts);
  assert.deepEqual(...(await bothSets(data)));
});

test('parts of a folder labelled by a table merge to the bytes of a single run, and keep its options', async () => {
  const data = join(root, 'table');
  for (let i = 0; i < 12; i++) await drawImage(join(data, 'images', `${i}.png`), i);
  const lines = Array.from({ length: 12 }, (_, i) => `${i},${i % 3},x${i % 2}\n`).join('');
  await writeFile(join(data, 'mine.csv'), `id,kind,other\n${lines}`);
  const extra = { layout: { labels: join(data, 'mine.csv'), labelColumn: 'other' } };
  const alone = await extractAlone(data, extra);
  await extractAll(data, 3, extra);
  const { folder, manifest } = await merge(data, 3);
  assert.match(await readFile(join(folder, 'labels.csv'), 'utf8'), /^id,label\n0,x0\n1,x1\n/);
  assert.deepEqual(manifest.counts, alone.manifest.counts);
  assert.deepEqual(...(await bothSets(data)));
});
