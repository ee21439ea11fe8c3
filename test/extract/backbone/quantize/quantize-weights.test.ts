import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantizeKernels } from '../../../../src/extract/backbone/quantize/quantize-weights.kernel.ts';

const kernels = fc
  .record({ outChannels: fc.integer({ min: 1, max: 3 }), inChannels: fc.integer({ min: 1, max: 6 }) })
  .chain(({ outChannels, inChannels }) =>
    fc.record({
      outChannels: fc.constant(outChannels),
      inChannels: fc.constant(inChannels),
      taps: fc.constantFrom(1, 9),
      weights: fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 162, maxLength: 162 }),
    }),
  );

test('the products of weights that are added as a pair fit 16 bits for any image', () => {
  fc.assert(
    fc.property(kernels, ({ outChannels, inChannels, taps, weights }) => {
      const perChannel = inChannels * taps;
      const { values } = quantizeKernels(
        Float32Array.from(weights.slice(0, outChannels * perChannel)),
        outChannels,
        inChannels,
        taps,
      );
      for (let channel = 0; channel < outChannels; channel++) {
        // A convolution over channels-last bytes: the channels of one kernel position are adjacent.
        const row = Array.from(
          { length: perChannel },
          (_, k) => values[channel * perChannel + (k % inChannels) * taps + Math.floor(k / inChannels)] as number,
        );
        for (let k = 0; k < perChannel; k += 2) {
          const pair = [row[k] as number, row[k + 1] ?? 0];
          const highest = 255 * pair.reduce((sum, value) => sum + Math.max(0, value), 0);
          const lowest = 255 * pair.reduce((sum, value) => sum + Math.min(0, value), 0);
          assert.ok(highest <= 32_767 && lowest >= -32_768, `${pair}`);
        }
      }
    }),
  );
});

test('a weight is off by at most half a level, and a single large one gets 127', () => {
  const exact = Float32Array.from([0.5, -0.25, 0.1, -1, 0.3, 0.2]);
  const { values, scales } = quantizeKernels(exact, 1, 6, 1);
  assert.equal(values[3], -127);
  for (const [at, weight] of exact.entries()) {
    const found = (values[at] as number) * (scales[0] as number);
    assert.ok(Math.abs(found - weight) <= (scales[0] as number) * 0.5001, `${found} for ${weight}`);
  }
});

test('a channel of zeros stays zero', () => {
  const { values, scales } = quantizeKernels(new Float32Array(18), 1, 2, 9);
  assert.deepEqual([[...values], [...scales]], [new Array(18).fill(0), [1]]);
});
