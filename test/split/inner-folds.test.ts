import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stratifiedGroupKFold, stratifiedKFold } from '../../src/split/folds.ts';
import { foldsForCalibration, foldsToHoldOut, innerFolds, mostHeldOut } from '../../src/split/inner-folds.ts';

const classes = ['a', 'b'];
const labels = Int32Array.from({ length: 12 }, (_, row) => row % 2);

test('are StratifiedKFold’s without groups or views, StratifiedGroupKFold’s with groups', () => {
  assert.deepEqual(innerFolds({ labels, classes }, 3), stratifiedKFold(labels, 3));
  const groups = Int32Array.from(labels, (_, row) => row >> 2);
  assert.deepEqual(innerFolds({ labels, classes, groups }, 3), stratifiedGroupKFold(labels, groups, 3));
});

test('views are on the training side with their image, in any row, and never tested on', () => {
  // Image i has its plain row at 3 i + 1 and a view on either side.
  const plainRowOf = Int32Array.from({ length: 36 }, (_, row) => 3 * Math.floor(row / 3) + 1);
  const all = Int32Array.from(plainRowOf, (row) => Math.floor(row / 3) % 2);
  const plain = stratifiedKFold(labels, 3);
  const found = innerFolds({ labels: all, classes, plainRowOf }, 3);
  assert.deepEqual(
    found,
    plain.map(({ train, test: tested }) => ({
      train: Int32Array.from([...train].flatMap((i) => [3 * i, 3 * i + 1, 3 * i + 2])),
      test: tested.map((i) => 3 * i + 1),
    })),
  );
  // Each image as a group of its own gives the same folds.
  const alone = Int32Array.from(plainRowOf, (row) => 11 - Math.floor(row / 3));
  assert.deepEqual(innerFolds({ labels: all, classes, plainRowOf, groups: alone }, 3), found);
  // Two images of a group are on one side, whatever the numbers of other groups.
  const pairs = Int32Array.from(plainRowOf, (row) => 5 + 2 * Math.floor(row / 6));
  const byPair = stratifiedGroupKFold(
    labels,
    labels.map((_, i) => i >> 1),
    3,
  );
  assert.deepEqual(
    innerFolds({ labels: all, classes, plainRowOf, groups: pairs }, 3).map(({ test: tested }) => tested),
    byPair.map(({ test: tested }) => tested.map((i) => 3 * i + 1)),
  );
});

test('a calibration has at most as many folds as the largest class has rows, and none without two rows', () => {
  const few = Int32Array.of(0, 0, 0, 1);
  assert.equal(foldsForCalibration({ labels: few, classes }, 5).length, 3);
  assert.equal(foldsForCalibration({ labels, classes }, 5).length, 5);
  assert.equal(foldsForCalibration({ labels: Int32Array.of(0, 0, 1, 1), classes }, 5).length, 2);
  assert.deepEqual(foldsForCalibration({ labels: Int32Array.of(0, 1), classes }, 5), []);
  // A view does not count as a second row of its class.
  const views = { labels: Int32Array.of(0, 0, 1, 1), classes, plainRowOf: Int32Array.of(0, 0, 2, 2) };
  assert.deepEqual(foldsForCalibration(views, 5), []);
  // Groups may leave a fold without test rows.
  const groups = Int32Array.of(0, 0, 0, 1);
  const held = foldsForCalibration({ labels: few, classes, groups }, 3);
  assert.deepEqual(held.map(({ test: tested }) => [...tested]).sort(), [[0, 1, 2], [3]]);
});

test('folds are held out until they have a thousand rows, the last one complete', () => {
  const table = (rowCount: number): { labels: Int32Array; classes: readonly string[] } => ({
    labels: Int32Array.from({ length: rowCount }, (_, row) => row % 2),
    classes,
  });
  const counts = [12, 1250, 1246, 4990, 5000, 9000].map((rowCount) => foldsToHoldOut(table(rowCount), 5).length);
  assert.deepEqual(counts, [5, 4, 5, 2, 1, 1]);
  const four = table(1250);
  assert.deepEqual(foldsToHoldOut(four, 5), innerFolds(four, 5).slice(0, 4));
  // The bound in the estimate of a fit's memory.
  assert.deepEqual(
    [12, 1999, 5000, 9999, 20_001].map((rowCount) => mostHeldOut(rowCount, 5)),
    [12, 1999, 2000, 2000, 4001],
  );
});
