import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stratifiedSubsample } from '../../../src/classify/data/subsample.ts';
import { countClasses } from '../../../src/rows/classes.ts';

/** Classes of 500, 300, 195 and 5 rows, shuffled; every second row of the data is in train. */
const classes = ['a', 'b', 'c', 'rare'];
const labels = new Int32Array(2000);
const rows = Int32Array.from({ length: 1000 }, (_, i) => ((i * 373) % 1000) * 2);
rows.forEach((row, i) => {
  labels[row] = i < 500 ? 0 : i < 800 ? 1 : i < 995 ? 2 : 3;
});

function perClass(chosen: Int32Array): number[] {
  return [
    ...countClasses(
      chosen.map((row) => labels[row] as number),
      classes.length,
    ),
  ];
}

test('draws the same share of every class, at least one row', () => {
  assert.deepEqual(perClass(stratifiedSubsample(rows, labels, classes, 200, 0)), [100, 60, 39, 1]);
  assert.deepEqual(perClass(stratifiedSubsample(rows, labels, classes, 0.2, 0)), [100, 60, 39, 1]);
  assert.deepEqual(perClass(stratifiedSubsample(rows, labels, classes, 4, 0)), [1, 1, 1, 1]);
  assert.deepEqual(perClass(stratifiedSubsample(rows, labels, classes, 999, 0)), [499, 300, 195, 5]);
  const ten = perClass(stratifiedSubsample(rows, labels, classes, 10, 0));
  assert.equal(
    ten.reduce((sum, count) => sum + count, 0),
    10,
  );
  assert.equal(ten[3], 1);
});

test('the chosen rows depend on the seed alone, and keep the order of the split', () => {
  const chosen = stratifiedSubsample(rows, labels, classes, 100, 7);
  assert.deepEqual(stratifiedSubsample(rows, labels, classes, 100, 7), chosen);
  assert.notDeepEqual(stratifiedSubsample(rows, labels, classes, 100, 8), chosen);
  const places = Array.from(chosen, (row) => rows.indexOf(row));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.ok(places.every((place) => place >= 0));
  assert.equal(new Set(chosen).size, 100);
  // The rows of each class are drawn at random: they are not its first ones.
  assert.ok(Math.max(...places.filter((place) => place < 500)) > 400);
});

test('a size of at least the number of rows selects all rows', () => {
  assert.equal(stratifiedSubsample(rows, labels, classes, 1000, 0), rows);
  assert.equal(stratifiedSubsample(rows, labels, classes, 5000, 0), rows);
});

test('fewer rows than classes and an invalid size are wrong usage', () => {
  assert.throws(
    () => stratifiedSubsample(rows, labels, classes, 3, 0),
    /--subsample 3[\s\S]*3 of 1000[\s\S]*at least 4/,
  );
  for (const size of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => stratifiedSubsample(rows, labels, classes, size, 0), /--subsample is not usable/);
  }
});
