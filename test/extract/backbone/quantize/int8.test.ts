import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { drawSample } from '../../../../src/extract/activation-ranges.ts';
import { openOnnxBackbone } from '../../../../src/extract/backbone/onnx-backbone.ts';
import { poolRows } from '../../../../src/extract/backbone/pool.ts';
import { checkAgreement } from '../../../../src/extract/backbone/quantize/agreement.ts';
import {
  countOperators,
  findClipping,
  findFloatLeftovers,
} from '../../../../src/extract/backbone/quantize/check-int8.ts';
import { cosines } from '../../../../src/extract/backbone/quantize/cosine.kernel.ts';
import { buildInt8ResNet } from '../../../../src/extract/backbone/quantize/int8-graph.ts';
import { openInt8Backbone, prepareInt8 } from '../../../../src/extract/backbone/quantize/open-int8.ts';
import { runSample } from '../../../../src/extract/backbone/quantize/run-sample.ts';
import { convolutions, planResNet } from '../../../../src/extract/weights/resnet.ts';
import { decodeModel } from '../../../../src/formats/onnx/decode.ts';
import { encodeModel } from '../../../../src/formats/onnx/encode.ts';
import { fixture, fixtureBatch, golden, preprocessing, readGolden, readStateDict } from '../fixtures.ts';

const weights = readStateDict(fixture('resnet-tiny.safetensors'), 'resnet-tiny');
const stages = readGolden('resnet-tiny-stages.safetensors');
const options = { weights, tap: 'avgpool', preprocessing: preprocessing(64) };
const sample = { seed: 3, images: ['a', 'b', 'c'], pixels: fixtureBatch() };

test('int8 features of resnet-tiny are close to PyTorch in float32, by the agreement that is reported', async () => {
  const { backbone, warnings, activationRanges } = await prepareInt8(options, sample);
  const { agreement } = activationRanges;
  const map = await backbone.run(sample.pixels);
  const values = cosines(poolRows(map, 'mean').data, golden(stages, 'mean').data, 3);
  assert.ok(Math.min(...values) > 0.995, `cosines ${values}`);
  assert.ok(Math.abs(Math.min(...values) - agreement.worst) < 1e-5);
  assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) / 3 - agreement.mean) < 1e-5);
  assert.deepEqual(warnings, []);
  assert.deepEqual([activationRanges.seed, activationRanges.images], [3, ['a', 'b', 'c']]);
  await backbone.close();
});

test('every convolution becomes QLinearConv and every sum QLinearAdd', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-test-'));
  try {
    const { backbone, activationRanges } = await prepareInt8(options, sample);
    await backbone.close();
    const network = buildInt8ResNet(weights, options.preprocessing, activationRanges);
    const optimizedModelPath = join(folder, 'optimized.onnx');
    await (await openOnnxBackbone(network, { ...options, device: 'cpu', optimizedModelPath })).close();
    const optimized = readFileSync(optimizedModelPath);
    const counts = countOperators(decodeModel(optimized));
    const plan = planResNet('resnet-tiny');
    assert.equal(counts.get('QLinearConv'), convolutions(plan).length);
    assert.equal(counts.get('QLinearAdd'), plan.layers.flatMap((layer) => layer.blocks).length);
    assert.equal(counts.get('DequantizeLinear'), 1);
    assert.equal(counts.get('QuantizeLinear'), undefined);
    assert.deepEqual(findFloatLeftovers(optimized), []);
    // Before optimization nothing is fused: the check must notice this.
    assert.match(findFloatLeftovers(encodeModel(network.model))[0] ?? '', /left 20 of 20 convolutions and 5 of 5 sums/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('activation ranges read back from JSON give the same bits', async () => {
  const { backbone, activationRanges } = await prepareInt8(options, sample);
  const again = await openInt8Backbone(options, JSON.parse(JSON.stringify(activationRanges)));
  assert.deepEqual(await again.run(sample.pixels), await backbone.run(sample.pixels));
  await backbone.close();
  await again.close();
});

test('the rows of an int8 batch have the bits of single rows, on any number of threads', async () => {
  const { backbone, activationRanges } = await prepareInt8({ ...options, threads: 2 }, sample);
  const single = await openInt8Backbone({ ...options, threads: 1 }, activationRanges);
  const whole = await backbone.run(sample.pixels);
  const rowBytes = 64 * 64 * 3;
  const rowLength = whole.data.length / 3;
  for (let row = 0; row < 3; row++) {
    const bytesNHWC = sample.pixels.bytesNHWC.subarray(row * rowBytes, (row + 1) * rowBytes);
    const alone = await single.run({ rowCount: 1, crop: 64, bytesNHWC });
    assert.deepEqual(alone.data, whole.data.slice(row * rowLength, (row + 1) * rowLength));
  }
  await backbone.close();
  await single.close();
});

test('the same sample gives the same activation ranges on any number of threads', async () => {
  const one = await prepareInt8({ ...options, threads: 1 }, sample);
  const two = await prepareInt8({ ...options, threads: 2 }, sample);
  assert.deepEqual(one.activationRanges, two.activationRanges);
  await one.backbone.close();
  await two.backbone.close();
});

test('taps of the stages and after each relu exist in int8, others are rejected with a fix', async () => {
  const { backbone, activationRanges } = await prepareInt8(options, sample);
  await backbone.close();
  for (const tap of ['stem', 'layer2', 'fc']) {
    const tapped = await openInt8Backbone({ ...options, tap }, activationRanges);
    const exact = golden(stages, tap);
    const map = await tapped.run(sample.pixels);
    const values = cosines(map.data.subarray(0, exact.data.length), exact.data, exact.shape[0] as number);
    assert.ok(Math.min(...values) > 0.99, `${tap}: ${values}`);
    await tapped.close();
  }
  const inner = await openInt8Backbone({ ...options, tap: 'layer2.0.relu1' }, activationRanges);
  assert.deepEqual(inner.tap.shape, [16, 16, 16]);
  await inner.close();
  const refused = openInt8Backbone({ ...options, tap: 'layer1.0.conv1' }, activationRanges);
  await assert.rejects(refused, /--precision int8[\s\S]*--precision float32/);
});

test('images of extreme values have the bits of exact products: no processor clips a sum', async () => {
  const { backbone, activationRanges } = await prepareInt8(options, sample);
  const network = buildInt8ResNet(weights, options.preprocessing, activationRanges);
  const exact = await openOnnxBackbone(network, { ...options, device: 'cpu', exactProducts: true });
  const bytesNHWC = Uint8Array.from({ length: 3 * 64 * 64 * 3 }, (_, at) =>
    at < 12_288 ? 255 : at < 24_576 ? (at % 7) * 42 : ((at * 2_654_435_761) >>> 7) & 255,
  );
  const extremes = { rowCount: 3, crop: 64, bytesNHWC };
  assert.deepEqual(await backbone.run(extremes), await exact.run(extremes));
  await backbone.close();
  await exact.close();
});

test('on a processor that may clip sums, the integer graph is compared with exact products', async () => {
  const { backbone, activationRanges } = await prepareInt8(options, sample);
  const network = buildInt8ResNet(weights, options.preprocessing, activationRanges);
  const quantized = await runSample(backbone, sample.pixels);
  await backbone.close();
  assert.deepEqual(await findClipping(network, options, sample.pixels, quantized, false), []);
  // Features of a processor that clips one value.
  const clipped = { ...quantized, data: quantized.data.with(5, (quantized.data[5] as number) - 1) };
  const [warning] = await findClipping(network, options, sample.pixels, clipped, false);
  assert.match(warning ?? '', /no VNNI.*clip.*--precision float32/);
  assert.deepEqual(await findClipping(network, options, sample.pixels, clipped, true), []);
});

test('an agreement below the limit, or none at all, stops the run', () => {
  checkAgreement({ mean: 0.99, worst: 0.5, imageCount: 4 }, 'weights');
  for (const mean of [0.9, Number.NaN]) {
    assert.throws(() => checkAgreement({ mean, worst: mean, imageCount: 4 }, 'weights'), /--precision float32/);
  }
});

test('the sample depends on seed and names, not on their order', () => {
  const names = Array.from({ length: 50 }, (_, i) => `image ${i}`);
  const draw = (from: readonly string[], seed: number): readonly string[] => drawSample(from, (name) => name, 8, seed);
  assert.deepEqual(draw([...names].reverse(), 1), draw(names, 1));
  assert.notDeepEqual(draw(names, 2), draw(names, 1));
  assert.equal(draw(names.slice(0, 3), 1).length, 3);
});
