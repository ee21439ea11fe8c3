import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeatureSet } from '../../../src/features/reader.ts';
import { alikeImages } from '../../../src/report/alike/alike-images.ts';
import { drawReport, seeded } from '../drawn-report.ts';

const random = seeded(2);
const rows = Array.from({ length: 40 }, () => Array.from({ length: 12 }, () => random()));
rows[9] = rows[4] as number[];
const ids = rows.map((_, i) => `photo-${i}`);
const classes = drawReport().report.classes;
const labels = rows.map((_, i) => (i === 9 ? 'unknown class' : (classes[i % 2] as string)));

/** The last row is a copy of the second; the tenth, a copy of the fifth, has a class that the report leaves out. */
const set = {
  labelled: () => ({
    ids: [...ids, 'twin'],
    labels: [...labels, classes[3]],
    rows: Uint32Array.from([...ids.keys(), 1]),
    withoutRow: [],
  }),
  readMatrix: async (wanted: readonly number[]) => ({
    rowCount: wanted.length,
    columnCount: 12,
    data: Float32Array.from(wanted.flatMap((row) => rows[row] as number[])),
  }),
} as unknown as FeatureSet;

const answer = (repeat: number, id: string) => ({
  repeat,
  id,
  trueClass: 'a',
  predictedClass: 'a',
  probability: 1,
  trueProbability: 1,
});

test('copies are found with both labels, and the repeats that tested one without the other are counted', async () => {
  const answers = [
    answer(0, 'twin'),
    answer(0, 'photo-1'),
    answer(1, 'twin'),
    answer(2, 'photo-1'),
    answer(3, 'photo-2'),
  ];
  const found = await alikeImages(set, drawReport().report, answers);
  assert.deepEqual([found?.compared, found?.of], [40, 40]);
  assert.equal(found?.pairs.length, 1);
  const [pair] = found?.pairs ?? [];
  assert.deepEqual(pair?.ids, ['photo-1', 'twin']);
  assert.deepEqual(pair?.labels, [classes[1], classes[3]]);
  assert.equal(pair?.timesApart, 2);
});

test('a network of random weights finds all photos alike: nothing is said', async () => {
  assert.equal(await alikeImages(set, drawReport({ randomWeights: true }).report, []), undefined);
});
