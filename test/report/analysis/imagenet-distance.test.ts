import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { randomState } from '../../../src/numerics/mt19937.kernel.ts';
import { imageNetDistance } from '../../../src/report/analysis/imagenet-distance.ts';

const [classes, columns, photos] = [1000, 40, 60] as const;

/** Approximately normal numbers. */
function drawn(count: number, seed: number): Float32Array {
  const random = randomState(seed);
  return Float32Array.from(
    { length: count },
    () => Array.from({ length: 12 }, () => random.double()).reduce((a, b) => a + b) - 6,
  );
}

const weight = drawn(classes * columns, 3);
const bias = new Float32Array(classes);

/** Rows that are a multiple of a class's weights, plus noise. */
function photosOf(times: number): Matrix {
  const own = (i: number): number => weight[7 * columns * Math.floor(i / columns) + (i % columns)]!;
  const data = drawn(photos * columns, 9).map((noise, i) => noise + times * own(i));
  return { rowCount: photos, columnCount: columns, data };
}

test("photos that the network's classes do not separate are far, those of its classes are near", async () => {
  const distances = [0, 1, 3].map((times) => imageNetDistance(photosOf(times), weight, bias));
  const [noise, some, own] = await Promise.all(distances);
  assert.equal(noise!.answer, 'far');
  // The expected maximum of 1,000 normal numbers is 3.24.
  assert.ok(Math.abs(noise!.deviations - 3.24) < 0.2, `${noise!.deviations}`);
  assert.equal(own!.answer, 'near');
  assert.ok(some!.deviations > noise!.deviations && some!.deviations < own!.deviations);
});

test('neither the size of the scores nor what they have in common has an influence', async () => {
  const photos = photosOf(3);
  const plain = (await imageNetDistance(photos, weight, bias))!;
  const cooler = (await imageNetDistance(
    photos,
    weight.map((value) => value / 8),
    bias.map(() => 5),
  ))!;
  assert.ok(Math.abs(cooler.deviations - plain.deviations) < 1e-4);
  const alike = (await imageNetDistance(photos, new Float32Array(weight.length), bias))!;
  assert.deepEqual(alike, { answer: 'far', deviations: 0 });
});

test('is unknown for a last layer of other classes, for other features and without photos', async () => {
  const photos = photosOf(1);
  assert.equal(await imageNetDistance(photos, weight.slice(0, 10 * columns), bias.slice(0, 10)), undefined);
  assert.equal(await imageNetDistance({ ...photos, columnCount: 20, rowCount: 120 }, weight, bias), undefined);
  assert.equal(await imageNetDistance({ ...photos, rowCount: 0 }, weight, bias), undefined);
});
