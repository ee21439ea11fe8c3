import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBackbone, openInt8Network, openNetwork } from '../../../../src/extract/backbone/open-backbone.ts';
import {
  decodeActivationRanges,
  encodeActivationRanges,
} from '../../../../src/extract/backbone/quantize/activation-ranges-file.ts';
import type { Sample } from '../../../../src/extract/backbone/quantize/calibrate.ts';
import { countOperators } from '../../../../src/extract/backbone/quantize/check-int8.ts';
import { prepareInt8Graph } from '../../../../src/extract/backbone/quantize/open-int8-graph.ts';
import { readingOf } from '../../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../../src/extract/preprocessing.ts';
import { stackPixels } from '../../../../src/extract/stack-pixels.ts';
import { loadWeights } from '../../../../src/extract/weights/load-weights.ts';
import type { Preprocessing } from '../../../../src/features/manifest/manifest.ts';
import { encodeModel } from '../../../../src/formats/onnx/encode.ts';
import { GraphBuilder } from '../../../../src/formats/onnx/graph-builder.ts';
import { openPublished, pixelsOf, published } from '../../weights/hub/published.ts';

const photos = ['ycc420.jpg', 'ycc411.jpg', 'profile.png', 'noise-100x99.png', 'noise-130x171.png'];

async function sampleOf(preprocessing: Preprocessing): Promise<Sample> {
  const images = await Promise.all(photos.map((photo) => pixelsOf(photo, preprocessing)));
  return { seed: 0, images: photos, pixels: stackPixels(preprocessing.crop, images) };
}

/** Layers of each tiny network that become integer products: its linear layers, and all convolutions but the first. */
const integer = {
  dinov2: { MatMulInteger: 12, QLinearConv: 0 },
  dinov3: { MatMulInteger: 12, QLinearConv: 0 },
  siglip: { MatMulInteger: 15, QLinearConv: 0 },
  clip: { MatMulInteger: 13, QLinearConv: 0 },
  convnext: { MatMulInteger: 8, QLinearConv: 7 },
} as const;

for (const [name, counts] of Object.entries(integer)) {
  test(`${name}: its int8 graph agrees with float32, and is built again from the measured ranges`, async () => {
    const network = await openPublished(name);
    const { tap } = readingOf(network, {});
    const preprocessing = choosePreprocessing({}, network.trainedWith);
    const sample = await sampleOf(preprocessing);
    const { backbone, activationRanges } = await network.prepareInt8(preprocessing, tap, sample);
    const { data } = await backbone.run(sample.pixels);
    await backbone.close();
    assert.ok(activationRanges.agreement.mean > 0.995, `${activationRanges.agreement.mean}`);
    const kept = decodeActivationRanges(encodeActivationRanges(activationRanges), 'kept');
    const again = await network.open(preprocessing, tap, kept);
    assert.deepEqual((await again.run(sample.pixels)).data, data);
    await again.close();
    const weights = await loadWeights(join(published, name));
    const { model } = openInt8Network(weights, { preprocessing, tap }, kept);
    const operators = countOperators(model);
    for (const [operator, count] of Object.entries(counts)) assert.equal(operators.get(operator) ?? 0, count, operator);
  });
}

/** Numbers between -1 and 1 by a linear congruential generator. */
function drawn(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/**
 * Two convolutions with a relu after each, their mean, then a matrix product. @param large factor of the first channel
 */
function drawnGraph(large: number): Uint8Array {
  const builder = new GraphBuilder('drawn');
  const tensor = (name: string, shape: readonly number[], data: Float32Array): string =>
    builder.initializer(name, { type: 'float32', shape, data });
  const image = builder.input('image', 'float32', ['n', 3, 16, 16]);
  const conv = (input: string, name: string, inputs: number): string => {
    const kernels = tensor(`${name}.weight`, [8, inputs, 3, 3], drawn(72 * inputs, inputs));
    const bias = tensor(`${name}.bias`, [8], drawn(8, 5));
    return builder.node('Conv', [input, kernels, bias], { pads: [1, 1, 1, 1], strides: [2, 2] });
  };
  const inner = builder.node('Relu', [conv(image, 'first', 3)]);
  const map = builder.node('Relu', [conv(inner, 'second', 8)]);
  const flat = builder.node('Flatten', [builder.node('GlobalAveragePool', [map])]);
  const scaled = builder.node('Mul', [flat, tensor('scales', [8], Float32Array.of(large, 1, 1, 1, 1, 1, 1, 1))]);
  const weights = drawn(8 * 5, 7).map((value, at) => (at % 8 === 0 ? value / large : value));
  const product = [scaled, tensor('fc.weight', [5, 8], weights), tensor('fc.bias', [5], drawn(5, 9))];
  builder.node('Gemm', product, { transB: 1 }, { outputs: ['fc'] });
  builder.output('fc', 'float32', ['n', 5]);
  return encodeModel(builder.model());
}

const preprocessing = choosePreprocessing({ resize: 16, crop: 16 });
const options = { tap: 'fc', preprocessing, weightsSha256: '0'.repeat(64) } as const;

test('a convolution with a relu and a Gemm with a bias agree with float32, in exact products too', async () => {
  const weights = { kind: 'onnx', file: 'drawn.onnx', bytes: drawnGraph(1) } as const;
  const sample = await sampleOf(preprocessing);
  const { backbone, activationRanges } = await prepareInt8Graph(openNetwork(weights, 16), options, sample);
  const { data } = await backbone.run(sample.pixels);
  await backbone.close();
  const { model } = openInt8Network(weights, options, activationRanges);
  const operators = countOperators(model);
  assert.deepEqual([operators.get('QLinearConv'), operators.get('MatMulInteger')], [1, 1]);
  assert.deepEqual([operators.get('Conv'), operators.get('Relu'), operators.get('Gemm')], [1, 1, undefined]);
  const exact = await openBackbone({ ...options, weights });
  const expected = (await exact.run(sample.pixels)).data;
  await exact.close();
  const largest = Math.max(...expected.map(Math.abs));
  assert.ok(data.every((value, at) => Math.abs(value - (expected[at] as number)) < 0.03 * largest));
});

test('a graph whose int8 features differ too much from float32 is rejected with the agreement measured', async () => {
  const weights = { kind: 'onnx', file: 'drawn.onnx', bytes: drawnGraph(1e4) } as const;
  await assert.rejects(
    prepareInt8Graph(openNetwork(weights, 16), options, await sampleOf(preprocessing)),
    /too far[\s\S]*mean cosine -?0\.\d{4}, worst [\s\S]*at least 0\.98/,
  );
});

test('a graph without matrix products, or with an older operator set, is rejected with the reason', async () => {
  const weights = { kind: 'onnx', file: 'drawn.onnx', bytes: drawnGraph(1) } as const;
  const network = openNetwork(weights, 16);
  const sample = await sampleOf(preprocessing);
  const [first = ''] = network.model.graph.node[0]?.output ?? [];
  await assert.rejects(prepareInt8Graph(network, { ...options, tap: first }, sample), /no MatMul, Gemm or Conv/);
  const old = { ...network, model: { ...network.model, opsetImport: [{ version: 9 }] } };
  await assert.rejects(prepareInt8Graph(old, options, sample), /opset 9/);
});
