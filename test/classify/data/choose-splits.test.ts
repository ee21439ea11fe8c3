import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { drawBesideTest, givenSplit } from '../../../src/classify/data/choose-splits.ts';
import { joinRows, type LabelledData } from '../../../src/classify/data/labelled-data.ts';
import type { LabelLine } from '../../../src/features/index/labels.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import type { StoredRows } from '../../../src/rows/row-source.ts';
import { UserError } from '../../../src/system/errors.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { makeDrawnSet } from '../drawn-set.ts';

const root = temporaryFolder();
let sets = 0;

/** 40 images of 4 classes in the given parts. */
async function dataWith(partOf: (row: number) => string, minImages?: number): Promise<LabelledData<StoredRows>> {
  const folder = join(root, `set-${sets++}`);
  const labels: LabelLine[] = Array.from({ length: 40 }, (_, row) => [
    `img-${String(row).padStart(3, '0')}`,
    row === 39 ? 'rare' : `kind-${row % 4}`,
    partOf(row),
  ]);
  await makeDrawnSet(folder, { rows: 40, labels });
  return joinRows(await openFeatureSet(folder), { maxMissing: 0, ...(minImages === undefined ? {} : { minImages }) });
}

const thirds = (row: number): string => (row < 20 || row === 39 ? 'train' : row < 30 ? 'val' : 'test');

test('trains on train, tests on val, leaves test unused, and reports this', async () => {
  const given = givenSplit(await dataWith(thirds));
  assert.deepEqual([given?.splits[0]?.train.length, given?.splits[0]?.test.length], [21, 10]);
  assert.equal(
    given?.text,
    "the data folder's own split: trained on train, tested on val; test, 9 images, is kept for --test-on test (--split draw draws one instead)",
  );
});

test('--test-on test uses the test part, also where there is no val part', async () => {
  assert.equal(givenSplit(await dataWith(thirds), 'test')?.splits[0]?.test.length, 9);
  const halves = await dataWith((row) => (row < 20 || row === 39 ? 'train' : 'test'));
  assert.equal(givenSplit(halves)?.splits[0]?.test.length, 19);
  assert.throws(() => givenSplit(halves, 'val'), /no image in val[\s\S]*--split draw/);
});

test('--split draw splits all rows except the test part', async () => {
  const data = await dataWith(thirds, 2);
  const drawn = drawBesideTest(data, { testSize: 0.25, seed: 0, repeats: 2 });
  assert.equal(drawn?.splits.length, 2);
  for (const { train, test } of drawn?.splits ?? []) {
    assert.deepEqual(
      [...train, ...test].sort((a, b) => a - b),
      data.parts?.flatMap((part, row) => (part === 'test' ? [] : [row])),
    );
  }
});

test('rejects a class of the evaluated part that is not in train, by name', async () => {
  const data = await dataWith((row) => (row === 39 ? 'val' : thirds(row)));
  assert.throws(() => givenSplit(data), /1 class of val is not in train[\s\S]*rare[\s\S]*--leave-out rare/);
});

test('--test-on is wrong usage for a set without a given split', async () => {
  const { parts: _, ...data } = await dataWith(thirds);
  assert.equal(givenSplit(data), undefined);
  assert.throws(
    () => givenSplit(data, 'val'),
    (error) => error instanceof UserError && error.exitCode === 2,
  );
});

test('--min-images leaves small classes out, with their number and names', async () => {
  const data = await dataWith(thirds, 2);
  assert.deepEqual(data.smallClasses, { minImages: 2, classes: ['rare'], images: 1 });
  assert.equal(data.ids.length, 39);
  assert.deepEqual(data.classes, ['kind-0', 'kind-1', 'kind-2', 'kind-3']);
  assert.ok(data.warnings.includes('1 class with fewer than 2 images left out (--min-images), 1 image: rare'));
  // No class has so many images, or only one has: nothing is left to classify.
  const message = /too few classes have that many images[\s\S]*0 of 5 classes[\s\S]*--min-images up to 10/;
  await assert.rejects(dataWith(thirds, 11), message);
});
