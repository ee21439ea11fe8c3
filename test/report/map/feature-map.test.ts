import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../scripts/demo/random.ts';
import { type FeatureMap, mapFeatures } from '../../../src/report/map/feature-map.ts';
import { nearestRows } from '../../../src/report/map/lanczos.kernel.ts';
import { golden } from '../golden.ts';

/** Three distant clusters in 20 dimensions, `size` rows each. */
function clouds(size: number): { data: Float32Array; rowCount: number; columnCount: number } {
  const random = seededRandom(4);
  const data = new Float32Array(3 * size * 20);
  for (let i = 0; i < data.length; i++) data[i] = random() + (i % 20 === Math.floor(i / 20 / size) ? 30 : 0);
  return { data, rowCount: 3 * size, columnCount: 20 };
}

test("principal components equal scikit-learn's, including signs and explained variance", async () => {
  const rows: number[][] = golden.pca.data;
  const features = { rowCount: 40, columnCount: 8, data: Float32Array.from(rows.flat()) };
  const { pca, explained } = await mapFeatures(features);
  pca.forEach(({ x, y }, i) => {
    assert.ok(Math.abs(x - golden.pca.projected[i][0]) < 1e-4, `row ${i}: ${x} is not ${golden.pca.projected[i][0]}`);
    assert.ok(Math.abs(y - golden.pca.projected[i][1]) < 1e-4, `row ${i}: ${y} is not ${golden.pca.projected[i][1]}`);
  });
  explained.forEach((share, i) => {
    assert.ok(Math.abs(share - golden.pca.explained[i]) < 1e-5);
  });
});

test('UMAP separates distant clouds, and gives the same map again', async () => {
  const size = 30;
  const first = await mapFeatures(clouds(size));
  const second: FeatureMap = await mapFeatures(clouds(size));
  assert.deepEqual(first, second);
  const points = first.umap ?? [];
  assert.equal(points.length, 3 * size);
  const middles = [0, 1, 2].map((cloud) => {
    const members = points.slice(cloud * size, (cloud + 1) * size);
    return { x: members.reduce((s, p) => s + p.x, 0) / size, y: members.reduce((s, p) => s + p.y, 0) / size };
  });
  for (const [i, { x, y }] of points.entries()) {
    const nearest = middles.map((m) => Math.hypot(m.x - x, m.y - y));
    assert.equal(nearest.indexOf(Math.min(...nearest)), Math.floor(i / size));
  }
});

test('identical rows and sets of one row are points at zero, without UMAP', async () => {
  for (const rowCount of [1, 2, 10]) {
    const map = await mapFeatures({ rowCount, columnCount: 3, data: new Float32Array(rowCount * 3).fill(2) });
    assert.equal(map.umap, undefined);
    for (const { x, y } of map.pca) assert.deepEqual([Math.abs(x), Math.abs(y)], [0, 0]);
    assert.deepEqual(map.explained, [0, 0]);
  }
});

test('the nearest rows are sorted, with the row itself first also beside a duplicate', () => {
  const rows = [0, 5, 5, 1, 9].map((x) => [x]);
  const gram = Float32Array.from(rows.flatMap(([a = 0]) => rows.map(([b = 0]) => a * b)));
  const { indices, distances } = nearestRows(gram, 5, 3);
  assert.deepEqual([...indices.subarray(6, 9)], [2, 1, 3]);
  assert.deepEqual([...distances.subarray(6, 9)], [0, 0, 4]);
  assert.deepEqual([...indices.subarray(0, 3)], [0, 3, 1]);
});
