import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binColumn, createBinScratch, maxBins } from '../../../../src/models/forest/trees/bins.kernel.ts';
import { separate } from '../../../../src/models/forest/trees/trees.kernel.ts';
import { nextUint32, seedStream } from '../../../../src/numerics/xoshiro.kernel.ts';

function binned(values: Float32Array): { bins: Uint8Array; lows: Float32Array; highs: Float32Array; count: number } {
  const bins = new Uint8Array(values.length);
  const lows = new Float32Array(maxBins);
  const highs = new Float32Array(maxBins);
  const count = binColumn(values, createBinScratch(values.length), bins, lows, highs);
  return { bins, lows, highs, count };
}

function draw(count: number, seed: number, shape: (uniform: number) => number): Float32Array {
  const random = seedStream(seed, 0);
  return Float32Array.from({ length: count }, () => shape(nextUint32(random) / 2 ** 32));
}

const columns = {
  'spread evenly': draw(5000, 1, (u) => u - 0.5),
  'half zeros': draw(5000, 2, (u) => Math.max(0, u - 0.5)),
  'one value for nine rows of ten': draw(5000, 3, (u) => (u < 0.9 ? 0.25 : u)),
  'over many powers of ten, both signs': draw(5000, 4, (u) => (u < 0.5 ? -1 : 1) * 10 ** (80 * u - 40)),
  'fewer rows than bins': draw(100, 5, (u) => u),
  'one row': Float32Array.of(3),
};

for (const [name, values] of Object.entries(columns)) {
  test(`bins keep the order of the values and store their edges: ${name}`, () => {
    const { bins, lows, highs, count } = binned(values);
    assert.ok(count >= 1 && count <= maxBins);
    for (let bin = 0; bin < count; bin++) {
      const inside = values.filter((_, row) => bins[row] === bin);
      assert.ok(inside.length > 0, `bin ${bin} is empty`);
      assert.equal(lows[bin], Math.min(...inside));
      assert.equal(highs[bin], Math.max(...inside));
      if (bin > 0) assert.ok(lows[bin]! > highs[bin - 1]!, `bin ${bin} overlaps the one before`);
    }
  });
}

test('at most 256 different values get one bin each', () => {
  const values = draw(4000, 6, (u) => Math.floor(u * 256) / 7 - 9);
  const { bins, lows, highs, count } = binned(values);
  assert.equal(count, new Set(values).size);
  assert.deepEqual(lows, highs);
  values.forEach((value, row) => {
    assert.equal(lows[bins[row]!], value);
  });
});

test('more values fill nearly all bins about evenly, also where one value fills half the rows', () => {
  const { bins, count } = binned(columns['half zeros']);
  assert.ok(count > 240, `${count} bins`);
  const sizes = new Int32Array(count);
  for (const bin of bins) sizes[bin]!++;
  const rest = [...sizes].sort((a, b) => b - a).slice(1);
  assert.ok(Math.max(...rest) <= 25, `a bin of ${Math.max(...rest)} where 10 is the mean`);
});

test('negative and positive zero are one value', () => {
  const { bins, count } = binned(Float32Array.of(0, -0, 1, -0, -1));
  assert.equal(count, 3);
  assert.deepEqual([...bins], [1, 1, 2, 1, 0]);
});

test('a threshold separates two neighbouring float32 values', () => {
  const next = Float32Array.of(1);
  new Int32Array(next.buffer)[0]!++;
  for (const [low, high] of [
    [1, next[0]!],
    [-next[0]!, -1],
    [0, 1.401298464324817e-45],
    [-3.4e38, 3.4e38].map(Math.fround),
    [3e38, 3.4e38].map(Math.fround),
    [0, 1],
  ] as [number, number][]) {
    const threshold = separate(low, high);
    assert.equal(threshold, Math.fround(threshold));
    assert.ok(low <= threshold && threshold < high, `${low} <= ${threshold} < ${high}`);
  }
});
