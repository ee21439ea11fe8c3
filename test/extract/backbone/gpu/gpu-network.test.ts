import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TapMap } from '../../../../src/extract/backbone/backbone.ts';
import { openOnGpu } from '../../../../src/extract/backbone/gpu/open-on-gpu.ts';
import { openBackbone, openNetwork } from '../../../../src/extract/backbone/open-backbone.ts';
import { poolRows } from '../../../../src/extract/backbone/pool.ts';
import { fixture, fixtureBatch, golden, preprocessing, readGolden, readStateDict, worstRow } from '../fixtures.ts';

const stateDict = readStateDict(fixture('resnet-tiny.safetensors'), 'resnet-tiny');
const weights = { kind: 'state-dict', stateDict } as const;
const batch = fixtureBatch();
const settings = { preprocessing: preprocessing(64), device: 'cpu' } as const;

for (const tap of ['avgpool', 'layer1', 'fc']) {
  test(`the graph for a GPU normalizes bytes to the same bits: ${tap} of resnet-tiny`, async () => {
    const plain = await openBackbone({ ...settings, weights, tap });
    const network = openNetwork(weights, 64);
    const own = await openOnGpu(network, { ...settings, tap });
    assert.deepEqual(await own.run(batch), await plain.run(batch));
    // A batch of another size, in the middle of a larger buffer.
    const rowBytes = 64 * 64 * 3;
    const second = { rowCount: 1, crop: 64, bytesNHWC: batch.bytesNHWC.subarray(rowBytes, 2 * rowBytes) };
    assert.deepEqual(await own.run(second), await plain.run(second));
    await plain.close();
    await own.close();
  });
}

test('the mean in the graph for a GPU is a vector and agrees with PyTorch', async () => {
  const own = await openOnGpu(openNetwork(weights, 64), { ...settings, tap: 'avgpool', pool: 'mean' });
  const map = await own.run(batch);
  const expected = golden(readGolden('resnet-tiny-stages.safetensors'), 'mean');
  assert.deepEqual(map.rowShape, expected.shape.slice(1));
  assert.deepEqual(poolRows(map, 'mean').rowShape, map.rowShape);
  const worst = worstRow(map, expected);
  assert.ok(worst < 1e-5, `worst row off by ${worst}`);
  await own.close();
});

test('each of several taps has its mean under its own name, and one that is not a map stays unchanged', async () => {
  const tap = ['layer1', 'avgpool', 'layer3', 'fc'];
  const plain = await openBackbone({ ...settings, weights, tap });
  const own = await openOnGpu(openNetwork(weights, 64), { ...settings, tap, pool: 'mean' });
  assert.deepEqual(
    own.taps.map(({ name }) => name),
    tap,
  );
  const [means, maps] = [await own.runAll(batch), await plain.runAll(batch)];
  for (const [at, name] of tap.entries()) {
    const rows = poolRows(maps[at] as TapMap, 'mean');
    assert.deepEqual(means[at]?.rowShape, rows.rowShape, name);
    const worst = worstRow(means[at] as TapMap, { shape: [batch.rowCount, ...rows.rowShape], data: rows.data });
    assert.ok(worst < 1e-6, `${name}: worst row off by ${worst}`);
  }
  await plain.close();
  await own.close();
});

test('a graph with a fixed batch size returns no row for the padding of a short batch', async () => {
  const open = openNetwork(weights, 64);
  const fixed = { ...open, input: { ...open.input, batch: batch.rowCount + 3 } };
  const plain = await openBackbone({ ...settings, weights, tap: 'avgpool' });
  const own = await openOnGpu(fixed, { ...settings, tap: 'avgpool' });
  assert.deepEqual(await own.run(batch), await plain.run(batch));
  await plain.close();
  await own.close();
});
