import assert from 'node:assert/strict';
import { test } from 'node:test';
import { separation } from '../../scripts/bench/classify/separation.kernel.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { unitRows } from '../../src/numerics/nearest.kernel.ts';
import { kthDistances, nearestRows, unlikeThreshold } from '../../src/predict/nearest-training.ts';
import { jsonFixture } from '../reference.ts';

/** scikit-learn's, written by scripts/fixtures/models/unlike.py. */
const golden: {
  readonly k: number;
  readonly dims: number;
  readonly labels: readonly number[];
  readonly train: readonly number[];
  readonly queries: readonly number[];
  readonly distances: readonly number[];
  readonly nearest: readonly number[];
  readonly threshold: number;
  readonly roc: readonly { inside: number[]; outside: number[]; auroc: number; falseAt95: number }[];
} = jsonFixture('classify/unlike.json');

function unit(values: readonly number[]): Matrix {
  const data = Float32Array.from(values);
  const rowCount = data.length / golden.dims;
  unitRows(data, rowCount, golden.dims);
  return { rowCount, columnCount: golden.dims, data };
}

test('the nearest rows and their cosine distances are those of NearestNeighbors', async () => {
  const found = await nearestRows(unit(golden.queries), unit(golden.train), golden.k, 1);
  assert.deepEqual([...found.nearest], golden.nearest);
  golden.distances.forEach((distance, i) => {
    assert.ok(Math.abs(1 - (found.similarity[i] as number) - distance) < 1e-6);
  });
  const last = golden.distances.filter((_, i) => i % golden.k === golden.k - 1);
  kthDistances(found, golden.k).forEach((distance, i) => {
    assert.ok(Math.abs(distance - (last[i] as number)) < 1e-6);
  });
});

test('the threshold is the distance that a twentieth of the rows exceed over StratifiedKFold', async () => {
  const labels = Int32Array.from(golden.labels);
  const found = await unlikeThreshold(unit(golden.train), { labels, classes: ['a', 'b', 'c'] }, golden.k, 1);
  assert.ok(Math.abs((found as number) - golden.threshold) < 1e-6, `${found}, ${golden.threshold}`);
});

test('fewer rows than neighbours give an infinite distance, and rows that cannot be split no threshold', async () => {
  const few = unit(golden.train.slice(0, 2 * golden.dims));
  const found = await nearestRows(unit(golden.queries), few, golden.k, 1);
  assert.ok(kthDistances(found, golden.k).every((distance) => distance === Number.POSITIVE_INFINITY));
  const labels = Int32Array.of(0, 1);
  assert.equal(await unlikeThreshold(few, { labels, classes: ['a', 'b'] }, 1, 1), undefined);
});

for (const { inside, outside, auroc, falseAt95 } of golden.roc) {
  const ties = inside.length + outside.length - new Set([...inside, ...outside]).size;
  test(`AUROC and false positives at 95 % true positives are scikit-learn's with ${ties} ties`, () => {
    const found = separation(inside, outside);
    assert.ok(Math.abs(found.auroc - auroc) < 1e-12, `${found.auroc}, ${auroc}`);
    assert.ok(Math.abs(found.falseAt95 - falseAt95) < 1e-12, `${found.falseAt95}, ${falseAt95}`);
  });
}
