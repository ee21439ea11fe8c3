import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinSets } from '../../../src/classify/data/join-sets.ts';
import { type FeatureSet, openFeatureSet } from '../../../src/features/reader.ts';
import { loadRows } from '../../../src/rows/row-source.ts';
import type { UserError } from '../../../src/system/errors.ts';
import { fakeSha256, makeFeatureSet } from '../../features/make-feature-set.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const root = temporaryFolder();

/** A set whose row of image `3` is [3 * scale]. The ids have a prefix, the images' bytes do not depend on it. */
async function makeSet(
  name: string,
  images: readonly number[],
  { prefix = '', scale = 1, labelOf = (image: number): string => (image % 2 === 0 ? 'even' : 'odd') } = {},
): Promise<FeatureSet> {
  const ids = images.map((image) => `${prefix}${image}`);
  await makeFeatureSet(join(root, name), {
    matrix: { rowCount: ids.length, columnCount: 1, data: Float32Array.from(images, (image) => image * scale) },
    ids,
    labels: images.map((image, i) => [ids[i] as string, labelOf(image)]),
    fields: { weightsSha256: fakeSha256(String(scale)) },
    sha256Of: (id) => fakeSha256(id.slice(prefix.length)),
  });
  return openFeatureSet(join(root, name));
}

test("joins rows by the images' bytes, with the ids and the order of the first set", async () => {
  const a = await makeSet('a', [1, 2, 3, 4, 5]);
  const b = await makeSet('b', [6, 5, 4, 2, 1], { prefix: 'photo-', scale: 10 });
  const [first, second] = joinSets([a, b], { maxMissing: 0 });
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(first.ids, ['1', '2', '4', '5']);
  assert.deepEqual([...(await loadRows(first.features)).data], [1, 2, 4, 5]);
  assert.deepEqual([...(await loadRows(second.features)).data], [10, 20, 40, 50]);
  for (const name of ['ids', 'labels', 'classes', 'imagesSha256'] as const) assert.equal(second[name], first[name]);
  assert.notEqual(second.fingerprint, first.fingerprint);
});

test('counts and names the images that are in only one of the sets', async () => {
  const a = await makeSet('left-a', [1, 2, 3, 4, 5]);
  const b = await makeSet('left-b', [7, 6, 4, 2, 1], { prefix: 'photo-', scale: 10 });
  const joined = joinSets([a, b], { maxMissing: 0 });
  const leftOut = [
    { folder: a.folder, images: ['3', '5'] },
    { folder: b.folder, images: ['photo-7', 'photo-6'] },
  ];
  for (const { joined: said, warnings } of joined) {
    assert.deepEqual(said, { ids: a.folder, leftOut });
    assert.match(warnings.join('\n'), /2 images of .*left-a are not in every feature set: left out: 3; 5/);
    assert.match(warnings.join('\n'), /2 images of .*left-b are not in .*: photo-7; photo-6/);
  }
});

test('applies --min-images after the join', async () => {
  const labelOf = (image: number) => (image % 2 === 1 ? 'odd' : image > 6 ? 'large' : 'even');
  const a = await makeSet('small-a', [1, 2, 3, 4, 5, 6, 8, 10], { labelOf });
  const b = await makeSet('small-b', [1, 2, 4, 6, 8, 10], { labelOf, scale: 10 });
  const [first, second] = joinSets([a, b], { maxMissing: 0, minImages: 2 });
  assert.deepEqual(first?.ids, ['2', '4', '6', '8', '10']);
  assert.deepEqual(first?.smallClasses?.classes, ['odd']);
  assert.deepEqual([...(await loadRows(second?.features as never)).data], [20, 40, 60, 80, 100]);
  assert.throws(() => joinSets([a, b], { maxMissing: 0, minImages: 3 }), /too few classes have that many images/);
});

test('uses the labels of the first set, and reports where those of another differ', async () => {
  const a = await makeSet('labels-a', [1, 2, 3]);
  const b = await makeSet('labels-b', [1, 2, 3], { scale: 10, labelOf: (image) => (image === 2 ? 'two' : 'odd') });
  const [, second] = joinSets([a, b], { maxMissing: 0 });
  assert.deepEqual(second?.classes, ['even', 'odd']);
  assert.match(
    second?.warnings.join('\n') ?? '',
    /1 label in .*labels-b is not that of .*labels-a.*: 2: two, but even/,
  );
});

test('rejects two sets of one recipe, and sets without an image in common', async () => {
  const a = await makeSet('refuse-a', [1, 2]);
  const same = await makeSet('refuse-same', [1, 2]);
  const apart = await makeSet('refuse-apart', [3, 4], { scale: 10 });
  assert.throws(
    () => joinSets([a, same], { maxMissing: 0 }),
    ({ parts }: UserError) => {
      assert.match(parts.found ?? '', /both with fingerprint/);
      assert.match(parts.fix ?? '', /--features .*refuse-a$/);
      return true;
    },
  );
  assert.throws(() => joinSets([a, apart], { maxMissing: 0 }), /no labelled image is in every feature set/);
});
