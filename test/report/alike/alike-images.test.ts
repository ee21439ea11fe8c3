import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../scripts/demo/random.ts';
import { alikeImages } from '../../../src/report/alike/alike-images.ts';
import { cosineNeighbours } from '../../../src/rows/alike/neighbours.ts';
import { drawReport } from '../drawn-report.ts';

const random = seededRandom(2);
const rows = Array.from({ length: 40 }, () => Array.from({ length: 12 }, () => random()));
const ids = rows.map((_, i) => `photo-${i}`);
const classes = drawReport().report.classes;
const labels = rows.map((_, i) => classes[i % 2] as string);

/** The last row is a copy of the second. */
const compared = { ids: [...ids, 'twin'], labels: [...labels, classes[3] as string], of: 50 };
const features = {
  rowCount: 41,
  columnCount: 12,
  data: Float32Array.from([...rows, rows[1] as number[]].flat()),
};

const answer = (repeat: number, id: string) => ({
  repeat,
  id,
  trueClass: 'a',
  predictedClass: 'a',
  probability: 1,
  trueProbability: 1,
});

test('copies are listed with both labels and the number of repeats that divided them', async () => {
  const answers = [
    answer(0, 'twin'),
    answer(0, 'photo-1'),
    answer(1, 'twin'),
    answer(2, 'photo-1'),
    answer(3, 'photo-2'),
  ];
  const found = alikeImages(compared, await cosineNeighbours(features, 3), answers);
  assert.deepEqual([found.compared, found.of], [41, 50]);
  assert.equal(found.pairs.length, 1);
  const [pair] = found.pairs;
  assert.deepEqual(pair?.ids, ['photo-1', 'twin']);
  assert.deepEqual(pair?.labels, [classes[1], classes[3]]);
  assert.equal(pair?.timesApart, 2);
});
