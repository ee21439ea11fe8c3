import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UMAP } from 'umap-js';
import { nextUint32, seedStream } from '../../../src/numerics/xoshiro.kernel.ts';
import { nearestRows } from '../../../src/report/map/lanczos.kernel.ts';
import { fuzzyUnion, runEpochs, startLayout } from '../../../src/report/map/umap.kernel.ts';

/** umap-js's own fit of the curve, which differs slightly from umap-learn's. */
const theirCurve = { a: 1.5694704762346365, b: 0.8941996053733949 };
const count = 15;

/** Gram matrix of random rows in 16 dimensions, the first `copies` of them identical. */
function drawnGram(n: number, copies: number): Float32Array {
  const [random, width] = [seedStream(5, 0), 16];
  const rows = Float64Array.from({ length: n * width }, (_, i) => {
    const raised = Math.floor(i / width) % 12 === i % width ? 1.5 : 0;
    return nextUint32(random) / 2 ** 32 + raised;
  });
  for (let copy = 1; copy < copies; copy++) rows.copyWithin(copy * width, 0, width);
  const row = (i: number): Float64Array => rows.subarray(i * width, (i + 1) * width);
  return Float32Array.from({ length: n * n }, (_, at) => {
    const other = row(at % n);
    return row(Math.floor(at / n)).reduce((sum, value, d) => sum + value * (other[d] as number), 0);
  });
}

/** Results of umap-js for the same neighbours and random numbers. */
function theirs(n: number, near: ReturnType<typeof nearestRows>, epochs: number): { umap: UMAP; points: number[][] } {
  const random = seedStream(1, 0);
  const umap = new UMAP({ nNeighbors: count, nEpochs: epochs, random: () => nextUint32(random) / 2 ** 32 });
  const rows = (values: ArrayLike<number>): number[][] =>
    Array.from({ length: n }, (_, i) => Array.from(values).slice(i * count, (i + 1) * count));
  umap.setPrecomputedKNN(rows(near.indices), rows(near.distances));
  // With neighbours given, only the number of rows matters.
  return { umap, points: umap.fit(Array.from({ length: n }, () => [0])) };
}

test("the weights of all pairs are umap-js's, also with duplicate rows", () => {
  for (const copies of [0, 40]) {
    const n = 150;
    const near = nearestRows(drawnGram(n, copies), n, count);
    const weights = fuzzyUnion(near.indices, near.distances, n, count);
    const { graph } = theirs(n, near, 1).umap as unknown as { graph: { toArray(): number[][] } };
    const expected = graph.toArray().flat();
    assert.ok(expected.some((weight) => weight > 0 && weight < 1));
    for (const [at, weight] of weights.entries()) {
      assert.ok(Math.abs(weight - (expected[at] as number)) < 1e-12, `${at}: ${weight} is not ${expected[at]}`);
    }
  }
});

test('the first epochs move the points like umap-js; later, rounding makes them diverge', () => {
  const [n, epochs] = [150, 3];
  const near = nearestRows(drawnGram(n, 0), n, count);
  const random = seedStream(1, 0);
  const layout = startLayout(fuzzyUnion(near.indices, near.distances, n, count), n, epochs, random, theirCurve);
  const start = layout.points.slice();
  for (let epoch = 0; epoch < epochs; epoch++) runEpochs(layout, epoch, epoch + 1, random);
  const expected = theirs(n, near, epochs).points.flat();
  assert.ok(
    layout.points.some((value, i) => Math.abs(value - (start[i] as number)) > 1),
    'they moved',
  );
  for (const [i, value] of layout.points.entries()) {
    assert.ok(Math.abs(value - (expected[i] as number)) < 1e-3, `${i}: ${value} is not ${expected[i]}`);
  }
});

/** Mean share of each row's neighbours that are among as many nearest points of the map. */
function kept(points: ArrayLike<number>, { indices }: ReturnType<typeof nearestRows>, n: number): number {
  let found = 0;
  for (let row = 0; row < n; row++) {
    const at = (i: number): number => points[i] as number;
    const distance = (other: number): number =>
      Math.hypot(at(2 * row) - at(2 * other), at(2 * row + 1) - at(2 * other + 1));
    const nearest = new Set([...Array(n).keys()].sort((one, other) => distance(one) - distance(other)).slice(0, count));
    for (const other of indices.subarray(row * count, (row + 1) * count)) if (nearest.has(other)) found++;
  }
  return found / (n * count);
}

test('the final layout keeps as many neighbours together as that of umap-js', () => {
  const [n, epochs] = [300, 500];
  const near = nearestRows(drawnGram(n, 0), n, count);
  const random = seedStream(1, 0);
  const layout = startLayout(fuzzyUnion(near.indices, near.distances, n, count), n, epochs, random);
  runEpochs(layout, 0, epochs, random);
  const [ours, other] = [kept(layout.points, near, n), kept(theirs(n, near, epochs).points.flat(), near, n)];
  assert.ok(ours > other - 0.02, `${ours} against ${other}`);
  assert.ok(ours > 0.3);
});
