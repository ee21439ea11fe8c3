import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestMagnitude } from '../../src/numerics/finite.kernel.ts';

test('the largest magnitude is found at every position, and is NaN where a number is not finite', () => {
  for (let length = 1; length <= 9; length++) {
    for (let at = 0; at < length; at++) {
      const values = Float32Array.from({ length }, (_, i) => (i === at ? -7 : i / 16));
      assert.equal(largestMagnitude(values), 7);
      for (const strange of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        values[at] = strange;
        assert.equal(largestMagnitude(values), Number.NaN, `${strange} at ${at} of ${length}`);
      }
    }
  }
  assert.equal(largestMagnitude(new Float32Array(0)), 0);
});
