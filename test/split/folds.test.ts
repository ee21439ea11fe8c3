import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupShuffleSplit, stratifiedGroupKFold, stratifiedKFold } from '../../src/split/folds.ts';
import { jsonFixture } from '../reference.ts';

interface FoldCase {
  readonly name: string;
  readonly labels: readonly number[];
  readonly groups?: readonly number[];
  readonly k: number;
  readonly seed: number | null;
  readonly tests: readonly (readonly number[])[];
}
interface GroupShuffleCase {
  readonly groups: readonly number[];
  readonly testSize: number;
  readonly seed: number;
  readonly splits: readonly { readonly train: readonly number[]; readonly test: readonly number[] }[];
}
const golden: {
  readonly folds: readonly FoldCase[];
  readonly groupFolds: readonly FoldCase[];
  readonly groupShuffle: readonly GroupShuffleCase[];
} = jsonFixture('classify/splits.json');

/** Group numbers without gaps, like numpy.unique's inverse. */
function dense(groups: readonly number[]): Int32Array {
  const names = [...new Set(groups)].sort((a, b) => a - b);
  return Int32Array.from(groups, (group) => names.indexOf(group));
}

for (const { name, labels, k, seed, tests } of golden.folds) {
  test(`folds like StratifiedKFold: ${name}, ${k} folds, seed ${seed}`, () => {
    const folds = stratifiedKFold(Int32Array.from(labels), k, seed ?? undefined);
    assert.deepEqual(
      folds.map((fold) => [...fold.test]),
      tests,
    );
    for (const fold of folds) {
      const all = [...fold.train, ...fold.test].sort((a, b) => a - b);
      assert.deepEqual(all, [...labels.keys()]);
    }
  });
}

for (const { name, labels, groups = [], k, seed, tests } of golden.groupFolds) {
  test(`folds like StratifiedGroupKFold: ${name}, ${k} folds, seed ${seed}`, () => {
    const folds = stratifiedGroupKFold(Int32Array.from(labels), dense(groups), k, seed ?? undefined);
    assert.deepEqual(
      folds.map((fold) => [...fold.test]),
      tests,
    );
  });
}

for (const { groups, testSize, seed, splits } of golden.groupShuffle) {
  test(`splits like GroupShuffleSplit: test size ${testSize}, seed ${seed}`, () => {
    const found = groupShuffleSplit(dense(groups), { testSize, seed, repeats: splits.length });
    assert.deepEqual(
      found.map((split) => ({ train: [...split.train], test: [...split.test] })),
      splits,
    );
  });
}

test('rejects more folds than rows of any class, with the largest number that works', () => {
  assert.throws(() => stratifiedKFold(Int32Array.from([0, 0, 1, 1, 1]), 4), /--cv 4[\s\S]*at most 3[\s\S]*--cv 3/);
  assert.throws(() => stratifiedKFold(Int32Array.from([0, 0, 1, 1]), 1), /a whole number from 2/);
});

test('rejects a test size that leaves a side without a group', () => {
  const split = (testSize: number) =>
    groupShuffleSplit(Int32Array.from([0, 0, 1, 2]), { testSize, seed: 0, repeats: 1 });
  assert.throws(() => split(3), /3 groups[\s\S]*1 to 2 groups/);
  assert.throws(() => split(0.9), /--test-size 0.9/);
  assert.throws(() => split(0), /--test-size 0/);
  // A fraction is a share of the groups, 1 is one group.
  assert.equal(new Set(split(1)[0]?.test.map((row) => [0, 0, 1, 2][row] as number)).size, 1);
});

test('a class without rows changes no fold', () => {
  const labels = Int32Array.from({ length: 60 }, (_, row) => (row * row) % 3);
  const groups = Int32Array.from(labels, (_, row) => (row * 7) % 11);
  const spread = labels.map((label) => 2 * label + 1);
  assert.deepEqual(stratifiedGroupKFold(spread, groups, 4), stratifiedGroupKFold(labels, groups, 4));
  assert.deepEqual(stratifiedKFold(spread, 4), stratifiedKFold(labels, 4));
});
