import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from '../../src/numerics/mt19937.kernel.ts';
import { jsonFixture } from '../reference.ts';

interface Draws {
  readonly seed: number;
  readonly uint32: readonly number[];
  readonly doubles: readonly number[];
  readonly permutations: readonly (readonly number[])[];
}
const golden: readonly Draws[] = jsonFixture('classify/mt19937.json');

for (const draws of golden) {
  test(`draws the numbers of NumPy's RandomState(${draws.seed})`, () => {
    const words = randomState(draws.seed);
    const drawn = Array.from({ length: 700 }, () => words.uint32());
    assert.deepEqual(drawn.slice(-5), draws.uint32);
    const doubles = randomState(draws.seed);
    assert.deepEqual(
      draws.doubles.map(() => doubles.double()),
      draws.doubles,
    );
    const shuffles = randomState(draws.seed);
    for (const expected of draws.permutations) {
      assert.deepEqual([...shuffles.permutation(expected.length)], expected);
    }
  });
}
