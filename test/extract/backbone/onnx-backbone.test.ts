import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  normalizationTable,
  normalizePixels,
  normalizePlanes,
} from '../../../src/extract/backbone/normalize.kernel.ts';
import { openBackbone, openNetwork } from '../../../src/extract/backbone/open-backbone.ts';
import { maxPool, meanPool } from '../../../src/extract/backbone/pool.kernel.ts';
import { listTaps } from '../../../src/extract/backbone/taps.ts';
import { fixture, fixtureBatch, golden, preprocessing, readGolden, readStateDict, worstRow } from './fixtures.ts';

const stateDict = readStateDict(fixture('resnet-tiny.safetensors'), 'resnet-tiny');
const weights = { kind: 'state-dict', stateDict } as const;
const stages = readGolden('resnet-tiny-stages.safetensors');
const batch = fixtureBatch();
const options = { weights, preprocessing: preprocessing(64), device: 'cpu' } as const;

test("normalizes every byte to torchvision's bits, planar and interleaved", () => {
  const table = normalizationTable([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
  const expected = golden(readGolden('normalization.safetensors'), 'normalized').data;
  assert.deepEqual(table, expected);
  const bytes = Uint8Array.from({ length: 2 * 5 * 3 }, (_, i) => (i * 37) % 256);
  const planes = new Float32Array(30);
  const pixels = new Float32Array(30);
  normalizePlanes(bytes, 2, 5, table, planes);
  normalizePixels(bytes, 10, table, pixels);
  for (const [at, byte] of bytes.entries()) {
    const row = Math.floor(at / 15);
    const position = Math.floor(at / 3) % 5;
    const wanted = expected[(at % 3) * 256 + byte];
    assert.equal(pixels[at], wanted);
    assert.equal(planes[row * 15 + (at % 3) * 5 + position], wanted);
  }
});

for (const tap of ['stem', 'layer1', 'layer2', 'layer3', 'avgpool', 'fc', 'layer1.0.conv1', 'layer2.0']) {
  test(`the tap ${tap} of resnet-tiny agrees with PyTorch`, async () => {
    const backbone = await openBackbone({ ...options, tap });
    const expected = golden(stages, tap);
    const map = await backbone.run(batch);
    assert.deepEqual(map.rowShape, expected.shape.slice(1));
    assert.deepEqual(backbone.tap.shape, expected.shape.slice(1));
    const worst = worstRow(map, expected);
    assert.ok(worst < 1e-5, `worst row off by ${worst}`);
    await backbone.close();
  });
}

test('several taps in one run equal those of separate runs', async () => {
  const names = ['layer3', 'avgpool', 'layer4', 'fc'];
  const backbone = await openBackbone({ ...options, tap: names });
  const maps = await backbone.runAll(batch);
  assert.deepEqual(
    backbone.taps.map(({ name }) => name),
    names,
  );
  for (const [at, tap] of names.entries()) {
    const alone = await openBackbone({ ...options, tap });
    assert.deepEqual(maps[at], await alone.run(batch), tap);
    await alone.close();
  }
  assert.deepEqual(await backbone.run(batch), maps[0]);
  await backbone.close();
});

test('pooled maps agree with PyTorch', async () => {
  const backbone = await openBackbone({ ...options, tap: 'avgpool' });
  const { data, rowCount, rowShape } = await backbone.run(batch);
  const [channels, height, width] = rowShape as [number, number, number];
  const mean = meanPool(data, rowCount, channels, height * width);
  const max = maxPool(data, rowCount, channels, height * width);
  assert.ok(worstRow({ data: mean }, golden(stages, 'mean')) < 1e-5);
  assert.ok(worstRow({ data: max }, golden(stages, 'max')) < 1e-5);
  await backbone.close();
});

test('the rows of a batch have the bits of single rows, on any number of threads', async () => {
  const backbone = await openBackbone({ ...options, tap: 'avgpool', threads: 2 });
  const single = await openBackbone({ ...options, tap: 'avgpool', threads: 1 });
  const whole = await backbone.run(batch);
  const rowBytes = 64 * 64 * 3;
  const rowLength = whole.data.length / 3;
  for (let row = 0; row < 3; row++) {
    const bytesNHWC = batch.bytesNHWC.subarray(row * rowBytes, (row + 1) * rowBytes);
    const alone = await single.run({ rowCount: 1, crop: 64, bytesNHWC });
    assert.deepEqual(alone.data, whole.data.slice(row * rowLength, (row + 1) * rowLength));
  }
  await backbone.close();
  await single.close();
});

test('overlapping runs wait for each other and keep their own images', async () => {
  const backbone = await openBackbone({ ...options, tap: 'fc' });
  const reversed = { ...batch, bytesNHWC: batch.bytesNHWC.slice().reverse() };
  const apart = [await backbone.run(batch), await backbone.run(reversed)];
  assert.notDeepEqual(apart[0], apart[1]);
  const together = await Promise.all([backbone.run(batch), backbone.run(reversed)]);
  assert.deepEqual(together, apart);
  await backbone.close();
});

test('lists stages and tensors with their shapes', async () => {
  const taps = await listTaps(openNetwork(weights, 64));
  const shapeOf = (name: string): readonly number[] | undefined => taps.find((tap) => tap.name === name)?.shape;
  const names = taps.slice(0, 7).map((tap) => tap.name);
  assert.deepEqual(names, ['stem', 'layer1', 'layer2', 'layer3', 'layer4', 'avgpool', 'fc']);
  assert.deepEqual(shapeOf('stem'), [8, 16, 16]);
  assert.deepEqual(shapeOf('avgpool'), [256, 2, 2]);
  assert.deepEqual(shapeOf('fc'), [5]);
  assert.deepEqual(shapeOf('layer3.0.conv2'), [32, 4, 4]);
});

test('an unknown tap is rejected with the stages and the nearest tensors', async () => {
  await assert.rejects(openBackbone({ ...options, tap: 'layer3.0.conv' }), (error: Error) => {
    assert.match(error.message, /stem, layer1.*avgpool, fc/);
    assert.match(error.message, /layer3\.0\.conv1/);
    return true;
  });
});

test('weights without fc give every other tap', async () => {
  const tensors = new Map([...stateDict.tensors].filter(([name]) => !name.startsWith('fc.')));
  const headless = { kind: 'state-dict', stateDict: { ...stateDict, tensors } } as const;
  const backbone = await openBackbone({ ...options, weights: headless, tap: 'avgpool' });
  assert.ok(worstRow(await backbone.run(batch), golden(stages, 'avgpool')) < 1e-5);
  await backbone.close();
  await assert.rejects(openBackbone({ ...options, weights: headless, tap: 'fc' }), /--tap is not usable/);
});
