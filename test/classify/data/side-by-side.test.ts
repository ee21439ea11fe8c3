import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinSets } from '../../../src/classify/data/join-sets.ts';
import { sideBySide } from '../../../src/classify/data/side-by-side.ts';
import { type FeatureSet, openFeatureSet } from '../../../src/features/reader.ts';
import { fakeSha256, makeFeatureSet } from '../../features/make-feature-set.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const root = temporaryFolder();

async function makeSet(
  name: string,
  ids: readonly string[],
  rows: readonly (readonly number[])[],
): Promise<FeatureSet> {
  const columnCount = rows[0]?.length ?? 0;
  await makeFeatureSet(join(root, name), {
    matrix: { rowCount: rows.length, columnCount, data: Float32Array.from(rows.flat()) },
    ids,
    labels: ids.map((id) => [id, 'any']),
    fields: { weightsSha256: fakeSha256(name) },
    weights: `/weights/${name}.pth`,
  });
  return openFeatureSet(join(root, name));
}

const norm = (row: Float32Array): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));

test("joins the rows of one image from sets in any order, each network's part scaled to the same norm", async () => {
  const small = await makeSet(
    'small',
    ['x', 'y'],
    [
      [3, 4],
      [0, 2],
    ],
  );
  const large = await makeSet(
    'large',
    ['y', 'x'],
    [
      [0, 0, 500, 0],
      [100, 0, 0, 0],
    ],
  );
  const { features, ids } = await sideBySide(joinSets([small, large], { maxMissing: 0 }));
  assert.deepEqual(ids, ['x', 'y']);
  assert.equal(features.columnCount, 6);
  const [x, y] = [features.data.subarray(0, 6), features.data.subarray(6, 12)];
  for (const row of [x, y]) {
    for (const part of [row.subarray(0, 2), row.subarray(2)]) {
      assert.ok(Math.abs(norm(part) - Math.sqrt(3)) < 1e-6, 'a root mean square of 1 over the 6 numbers of a row');
    }
  }
  assert.ok(Math.abs((x[0] as number) / (x[1] as number) - 3 / 4) < 1e-6);
  assert.ok((x[2] as number) > 0 && (y[4] as number) > 0);
});

test('keeps a row of zeros unchanged', async () => {
  const zero = await makeSet('zero', ['x'], [[0, 0]]);
  const one = await makeSet('one', ['x'], [[1, 0]]);
  const { features } = await sideBySide(joinSets([zero, one], { maxMissing: 0 }));
  assert.deepEqual([...features.data.subarray(0, 2)], [0, 0]);
});

test('its fingerprint depends on the order of the networks, and its description names them', async () => {
  const a = await makeSet('a', ['x'], [[1, 2]]);
  const b = await makeSet('b', ['x'], [[1, 2, 3]]);
  const tables = joinSets([a, b], { maxMissing: 0 });
  const there = await sideBySide(tables);
  const back = await sideBySide(tables.toReversed());
  assert.equal(new Set([...tables, there, back].map(({ fingerprint }) => fingerprint)).size, 4);
  const { folder, dims, weights, parts, fields } = there.featureSet;
  assert.deepEqual([folder, dims, weights, fields], [join(root, 'a+b'), 5, 'a.pth + b.pth', undefined]);
  assert.deepEqual(
    parts?.map((part) => [part.folder, part.dims, part.features]),
    [a, b].map((set) => [set.folder, set.dims, set.manifest.fingerprint]),
  );
  assert.equal(there.imagesSha256, tables[0]?.imagesSha256);
});
