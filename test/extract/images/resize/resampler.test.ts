import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildWasmModule, wasmSources } from '../../../../scripts/wasm/build.ts';
import { wasmResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { plainResampler, type SourcePixels } from '../../../../src/extract/images/resize/resize.kernel.ts';
import { tapsOf } from '../../../../src/extract/images/resize/taps.ts';

test('the committed WebAssembly is compiled from its source', async () => {
  for (const source of wasmSources) assert.equal(await buildWasmModule(source), readFileSync(source.module, 'utf8'));
});

/** Pseudo-random bytes with many 0 and 255, where rounding and overflow show. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1664525) + 1013904223;
    const value = state >>> 23;
    bytes[i] = value > 383 ? 255 : value > 255 ? 0 : value;
  }
  return bytes;
}

test('WebAssembly and the JavaScript loops give the same bytes for any size, window and number of channels', () => {
  const fast = wasmResampler();
  const plain = plainResampler();
  const axis = fc
    .record({ source: fc.integer({ min: 1, max: 400 }), target: fc.integer({ min: 1, max: 300 }) })
    .chain(({ source, target }) =>
      fc.integer({ min: 0, max: target - 1 }).chain((from) =>
        fc.record({
          source: fc.constant(source),
          target: fc.constant(target),
          from: fc.constant(from),
          count: fc.integer({ min: 0, max: target - from }),
        }),
      ),
    );
  fc.assert(
    fc.property(
      axis,
      axis,
      fc.constantFrom(3 as const, 4 as const),
      fc.nat(),
      fc.nat(9),
      (x, y, channels, seed, spare) => {
        const source: SourcePixels = {
          data: noise(x.source * y.source * channels, seed),
          width: x.source,
          height: y.source,
          channels,
        };
        const columns = tapsOf('bilinear', x.source, x.target, x.from, x.count);
        const rows = tapsOf('bilinear', y.source, y.target, y.from, y.count);
        const stride = x.count * 3 + spare;
        const run = (resampler: typeof fast): Uint8Array => {
          const data = new Uint8Array(y.count * stride + spare).fill(7);
          resampler.resample(source, columns, rows, { data, offset: spare, stride });
          return data;
        };
        assert.deepEqual(run(fast), run(plain));
      },
    ),
    { numRuns: 300, seed: 1 },
  );
});

test('a white image stays white at any scale', () => {
  for (const size of [1, 2, 3, 7, 99, 224, 1000]) {
    const source: SourcePixels = {
      data: new Uint8Array(size * size * 3).fill(255),
      width: size,
      height: size,
      channels: 3,
    };
    const taps = tapsOf('bilinear', size, 224, 0, 224);
    const data = new Uint8Array(224 * 224 * 3);
    wasmResampler().resample(source, taps, taps, { data, offset: 0, stride: 224 * 3 });
    assert.ok(
      data.every((value) => value === 255),
      `${size}`,
    );
  }
});

test('an image of many bands needs little memory', () => {
  const width = 60_000;
  const height = 300;
  const source: SourcePixels = { data: noise(width * height * 3, 5), width, height, channels: 3 };
  const columns = tapsOf('bilinear', width, 10, 0, 10);
  const rows = tapsOf('bilinear', height, 8, 0, 8);
  const run = (resampler: ReturnType<typeof plainResampler>): Uint8Array => {
    const data = new Uint8Array(8 * 30);
    resampler.resample(source, columns, rows, { data, offset: 0, stride: 30 });
    return data;
  };
  const before = process.memoryUsage().rss;
  const fast = run(wasmResampler());
  assert.ok(process.memoryUsage().rss - before < 40e6);
  assert.deepEqual(fast, run(plainResampler()));
});
