import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeLabels } from '../../src/rows/classes.ts';
import { SmallClassesError, type Split, smallestFraction, stratifiedShuffleSplit } from '../../src/split/split.ts';
import { jsonFixture, needsReference, reference } from '../reference.ts';

interface Sides {
  readonly train: readonly number[];
  readonly test: readonly number[];
}
interface ShuffleCase {
  readonly name: string;
  readonly labels: readonly number[];
  readonly testSize: number;
  readonly seed: number;
  readonly splits: readonly Sides[];
}
const golden: { readonly shuffle: readonly ShuffleCase[] } = jsonFixture('classify/splits.json');

const plain = (splits: readonly Split[]): Sides[] =>
  splits.map(({ train, test: held }) => ({ train: [...train], test: [...held] }));
const names = (count: number): string[] => Array.from({ length: count }, (_, c) => `class ${c}`);

for (const { name, labels, testSize, seed, splits } of golden.shuffle) {
  test(`splits like scikit-learn: ${name}, test size ${testSize}, seed ${seed}`, () => {
    const options = { testSize, seed, repeats: splits.length };
    const found = stratifiedShuffleSplit(Int32Array.from(labels), names(Math.max(...labels) + 1), options);
    assert.deepEqual(plain(found), splits);
  });
}

test('splits the reference cases index for index', {
  skip: needsReference('reference/splits.json', 'reference/dogs-ids.json', 'dogs/labels.csv'),
}, () => {
  const lines = readFileSync(reference('dogs/labels.csv'), 'utf8').trim().split(/\r?\n/).slice(1);
  const breedOf = new Map(lines.map((line) => line.split(',') as [string, string]));
  const ids: readonly string[] = JSON.parse(readFileSync(reference('reference/dogs-ids.json'), 'utf8'));
  const named: Readonly<Record<string, readonly string[]>> = {
    'dogs-ids.json order': ids.map((id) => breedOf.get(id) as string),
    'all 10,222 rows of labels.csv': [...breedOf.values()],
  };
  const cases: readonly {
    readonly labels: string | readonly number[];
    readonly test_size: number;
    readonly random_state: number;
    readonly splits: readonly Sides[];
  }[] = JSON.parse(readFileSync(reference('reference/splits.json'), 'utf8'));
  assert.equal(cases.length, 16);
  for (const one of cases) {
    const rows = typeof one.labels === 'string' ? named[one.labels] : one.labels.map(String);
    const { classes, labels } = encodeLabels(rows as readonly string[]);
    const options = { testSize: one.test_size, seed: one.random_state, repeats: one.splits.length };
    assert.deepEqual(plain(stratifiedShuffleSplit(labels, classes, options)), one.splits);
  }
});

test('names the classes that have a single image', () => {
  const labels = Int32Array.from([0, 0, 1, 2, 2, 2]);
  assert.throws(
    () => stratifiedShuffleSplit(labels, ['pug', 'borzoi', 'saluki'], { testSize: 0.5, seed: 0, repeats: 1 }),
    /1 of 3 classes has fewer than 2 images[\s\S]*borzoi[\s\S]*at least 2 images of every class/,
  );
});

test('takes a single row out of a single class', () => {
  const [split] = stratifiedShuffleSplit(new Int32Array(3), ['pug'], { testSize: 1, seed: 0, repeats: 1 });
  assert.deepEqual([split?.train.length, split?.test.length], [2, 1]);
});

test('suggests valid test sizes when the test set is smaller than the number of classes', () => {
  const labels = Int32Array.from({ length: 40 }, (_, row) => row % 10);
  const split = (testSize: number): Split[] =>
    stratifiedShuffleSplit(labels, names(10), { testSize, seed: 0, repeats: 1 });
  assert.throws(
    () => split(0.1),
    /test set[\s\S]*4 of 40 images for 10 classes[\s\S]*--test-size 10 up to 30[\s\S]*fix: {6}--test-size 0\.25$/,
  );
  assert.throws(() => split(35), /training set[\s\S]*5 of 40 images/);
  assert.equal(split(0.25)[0]?.test.length, 10);
});

test('draws the smallest possible split, and says what is missing where there is none', () => {
  // Four images of two classes can be split; with one more class they cannot.
  assert.equal(
    stratifiedShuffleSplit(Int32Array.from([0, 0, 1, 1]), names(2), { testSize: 2, seed: 0, repeats: 1 }).length,
    1,
  );
  assert.throws(
    () => stratifiedShuffleSplit(Int32Array.from([0, 0, 1, 1]), names(3), { testSize: 2, seed: 0, repeats: 1 }),
    /fewer than 2 images/,
  );
  assert.throws(
    () => stratifiedShuffleSplit(Int32Array.from([0, 0, 1, 1, 1]), names(2), { testSize: 4, seed: 0, repeats: 1 }),
    /training set[\s\S]*1 of 5 images for 2 classes[\s\S]*--test-size 2 up to 3[\s\S]*fix: {6}--test-size 0\.4$/,
  );
});

test('rejects a test size or seed that is out of range', () => {
  const labels = Int32Array.from([0, 0, 1, 1]);
  for (const testSize of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => stratifiedShuffleSplit(labels, names(2), { testSize, seed: 0, repeats: 1 }),
      /a fraction above 0 and below 1/,
    );
  }
  for (const seed of [-1, 2 ** 32, 0.5]) {
    assert.throws(() => stratifiedShuffleSplit(labels, names(2), { testSize: 0.5, seed, repeats: 1 }), /--seed/);
  }
});

test('sorts class names by code point, as numpy.unique does', () => {
  assert.deepEqual(encodeLabels(['é', 'z', 'Z', '\u{1F600}', '￿', 'a', 'ab']).classes, [
    'Z',
    'a',
    'ab',
    'z',
    'é',
    '￿',
    '\u{1F600}',
  ]);
});

test('suggests a round fraction with a test row for every class', () => {
  assert.deepEqual(
    [smallestFraction(10, 40), smallestFraction(7, 30), smallestFraction(120, 1000)],
    [0.25, 0.24, 0.12],
  );
  for (const [classCount, rowCount] of [
    [2, 4],
    [3, 7],
    [7, 15],
    [499, 999],
  ] as const) {
    const testCount = Math.ceil(smallestFraction(classCount, rowCount) * rowCount);
    assert.ok(testCount >= classCount && rowCount - testCount >= classCount, `${classCount} of ${rowCount}`);
  }
});

test('classes with one image are counted, and up to fifty of them named', () => {
  const message = (count: number): string => new SmallClassesError(names(count), 100).message;
  assert.match(message(1), /^1 of 100 classes has fewer than 2 images[\s\S]*found: {4}class 0\n/);
  assert.match(message(2), /^2 of 100 classes have fewer[\s\S]*found: {4}class 0, class 1\n/);
  assert.doesNotMatch(message(50), /more/);
  assert.match(message(52), /class 48, class 49 and 2 more\n/);
});
