import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseRange } from '../../../../src/extract/backbone/quantize/calibrate.ts';
import { emptyObservation, observe } from '../../../../src/extract/backbone/quantize/observe.kernel.ts';

/** Mean squared error of rounding values to 256 levels of [low, high]. */
function exactError(values: Float32Array, low: number, high: number): number {
  const scale = (high - low) / 255;
  const zero = Math.round(-low / scale);
  let sum = 0;
  for (const value of values) {
    const level = Math.min(255, Math.max(0, Math.round(value / scale) + zero));
    sum += (value - (level - zero) * scale) ** 2;
  }
  return sum / values.length;
}

/** Values with a Laplace distribution: long tails, like activations. */
function drawn(count: number, rectified: boolean): Float32Array {
  let state = 12345;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => {
    const value = -Math.log(1 - uniform()) * (uniform() < 0.5 ? -1 : 1);
    return rectified ? Math.max(0, value) : value;
  });
}

for (const rectified of [true, false]) {
  test(`the range of ${rectified ? 'rectified' : 'signed'} values has a smaller error than minimum to maximum`, () => {
    const values = drawn(20_000, rectified);
    const observation = emptyObservation(4);
    observe(observation, values, 5000, 1);
    const { low, high } = chooseRange(observation);
    const whole = exactError(values, Math.min(0, ...values), Math.max(...values));
    assert.ok(exactError(values, low, high) < whole);
    // No range on a fine grid is better by more than the difference between grids.
    for (let factor = 0.3; factor <= 1; factor += 0.01) {
      const other = exactError(values, observation.low * factor, observation.high * factor);
      assert.ok(exactError(values, low, high) < other * 1.05, `${factor}`);
    }
  });
}

test('zero is exactly a level of every range', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 8, maxLength: 64 }), (list) => {
      const values = Float32Array.from(list.slice(0, list.length - (list.length % 2)));
      const observation = emptyObservation(2);
      observe(observation, values, values.length / 2, 1);
      const { low, high } = chooseRange(observation);
      assert.ok(low <= 0 && high >= 0 && high > low, `[${low}, ${high}]`);
      const scale = Math.fround((high - low) / 255);
      const zero = Math.round(-low / scale);
      assert.ok(zero >= 0 && zero <= 255, `zero point ${zero}`);
      assert.ok(Math.abs(-low / scale - zero) < 1e-3);
    }),
  );
});

test('means per channel are those of the observed values, over several images of growing range', () => {
  const observation = emptyObservation(2);
  observe(observation, new Float32Array([1, 3, -2, -4]), 2, 1);
  observe(observation, new Float32Array([100, 300, 0, 0]), 2, 1);
  const means = Array.from(observation.sums, (sum) => sum / observation.valueCount);
  assert.deepEqual(means, [101, -1.5]);
  assert.deepEqual([observation.low, observation.high], [-4, 300]);
  assert.ok(observation.span >= 300);
  assert.equal(
    observation.counts.reduce((sum, count) => sum + count, 0),
    6,
  );
});
