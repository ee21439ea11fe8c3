import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pooledShape, poolRows } from '../../../src/extract/backbone/pool.ts';
import { golden, readGolden, worstRow } from './fixtures.ts';

const stages = readGolden('resnet-tiny-stages.safetensors');
const { shape, data } = golden(stages, 'avgpool');
const map = { rowCount: 3, rowShape: shape.slice(1), data };

test('mean and max agree with PyTorch, none keeps the map', () => {
  for (const pool of ['mean', 'max'] as const) {
    const pooled = poolRows(map, pool);
    assert.deepEqual(pooled.rowShape, [256]);
    assert.ok(worstRow(pooled, golden(stages, pool)) < 1e-7, pool);
  }
  assert.deepEqual(poolRows(map, 'none'), map);
});

test('a tap without spatial axes stays unchanged', () => {
  const vector = { rowCount: 1, rowShape: [3], data: new Float32Array([3, 1, 2]) };
  for (const pool of ['mean', 'max', 'none'] as const) assert.deepEqual(poolRows(vector, pool), vector);
});

test('a sequence of tokens is rejected unless the pool is none', () => {
  assert.throws(() => pooledShape([197, 768], 'mean'), /\[197, 768\][\s\S]*--pool none/);
  assert.deepEqual(pooledShape([197, 768], 'none'), [197, 768]);
});
