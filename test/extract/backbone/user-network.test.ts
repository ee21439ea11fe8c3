import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BackboneWeights, openBackbone, openNetwork } from '../../../src/extract/backbone/open-backbone.ts';
import { listTaps } from '../../../src/extract/backbone/taps.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { type Dimension, GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import type { DataType } from '../../../src/formats/onnx/schema.ts';
import type { UserError } from '../../../src/system/errors.ts';
import { fixtureBatch, golden, preprocessing, readGolden, userFile, worstRow } from './fixtures.ts';

const outputs = readGolden('user-outputs.safetensors');
const batch = fixtureBatch();

function file(build: (builder: GraphBuilder) => void): BackboneWeights {
  const builder = new GraphBuilder('user');
  build(builder);
  return { kind: 'onnx', file: 'mine.onnx', bytes: encodeModel(builder.model()) };
}

/** A network of one Relu on the given input. */
function reluOf(type: DataType, shape: readonly Dimension[]): BackboneWeights {
  return file((builder) => {
    builder.input('image', type, shape);
    builder.output(builder.node('Relu', ['image'], {}, { outputs: ['y'] }), type, shape);
  });
}

for (const name of ['user.onnx', 'user-batch-2.onnx']) {
  test(`${name}, as exported by torch.onnx.export, agrees with PyTorch at its pool and at its output`, async () => {
    for (const tap of ['avgpool', 'scores']) {
      const weights = userFile(name);
      const backbone = await openBackbone({ weights, tap, preprocessing: preprocessing(64), device: 'cpu' });
      assert.equal(backbone.architecture, 'onnx');
      const worst = worstRow(await backbone.run(batch), golden(outputs, tap));
      assert.ok(worst < 1e-5, `${tap}: worst row off by ${worst}`);
      await backbone.close();
    }
  });
}

test('lists the taps of an ONNX file', async () => {
  const taps = await listTaps(openNetwork(userFile('user.onnx'), 64));
  assert.deepEqual(taps[0]?.name, 'avgpool');
  assert.deepEqual(taps[0]?.shape, [6, 16, 16]);
  assert.deepEqual(taps.at(-1), { name: 'scores', tensor: 'scores', shape: [4] });
});

test('accepts NHWC input where the graph declares it', async () => {
  const weights = reluOf('float32', ['n', 64, 64, 3]);
  const backbone = await openBackbone({ weights, tap: 'y', preprocessing: preprocessing(64), device: 'cpu' });
  const map = await backbone.run(batch);
  assert.deepEqual(map.rowShape, [64, 64, 3]);
  await backbone.close();
});

test("a user's own int8 graph is computed exactly, also on processors that clip sums of large products", async () => {
  const weights = file((builder) => {
    const image = builder.input('image', 'float32', ['n', 8, 8, 3]);
    const scale = builder.initializer('scale', { type: 'float32', shape: [], data: new Float32Array([1 / 64]) });
    const zero = builder.initializer('zero', { type: 'uint8', shape: [], data: new Uint8Array([128]) });
    const held = (value: string): string =>
      builder.node('DequantizeLinear', [builder.node('QuantizeLinear', [value, scale, zero]), scale, zero]);
    const planes = builder.node('Transpose', [held(image)], { perm: [0, 3, 1, 2] });
    const kernels = builder.node('DequantizeLinear', [
      // All weights at their maximum: a bright image's pair of products exceeds 16 bits.
      builder.initializer('w', { type: 'int8', shape: [16, 3, 4, 4], data: new Int8Array(768).fill(127) }),
      builder.initializer('w.scale', { type: 'float32', shape: [], data: new Float32Array([1 / 4096]) }),
      builder.initializer('w.zero', { type: 'int8', shape: [], data: new Int8Array([0]) }),
    ]);
    const sums = builder.node('Conv', [held(planes), kernels], { kernel_shape: [4, 4] });
    builder.node('Identity', [held(sums)], {}, { outputs: ['y'] });
    builder.output('y', 'float32', ['n', 16, 5, 5]);
  });
  const flat = { ...preprocessing(8), mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;
  const backbone = await openBackbone({ weights, tap: 'y', preprocessing: flat, device: 'cpu' });
  const white = { rowCount: 1, crop: 8, bytesNHWC: new Uint8Array(192).fill(255) };
  const { data } = await backbone.run(white);
  await backbone.close();
  // White is 127 levels, 1.984; 48 products with 127 / 4096 are 2.953, which is above the 1.984 that 255 levels hold.
  assert.deepEqual(new Set(data), new Set([127 / 64]));
});

test('rejects a crop that the graph does not take, and names the one that it takes', async () => {
  const weights = userFile('user.onnx');
  const opening = openBackbone({ weights, tap: 'avgpool', preprocessing: preprocessing(224), device: 'cpu' });
  await assert.rejects(opening, /64 x 64[\s\S]*--crop 64/);
});

test('rejects inputs that are not images, with what was found', () => {
  const cases: readonly [BackboneWeights, RegExp][] = [
    [reluOf('float32', ['n', 64, 64, 64]), /\[\?, 64, 64, 64\][\s\S]*\[batch, channels, height, width\]/],
    [reluOf('float32', ['n', 3, 64]), /\[\?, 3, 64\]/],
    [reluOf('float16', ['n', 3, 64, 64]), /float16[\s\S]*float32/],
    [reluOf('float32', ['n', 3, 64, 32]), /square/],
    [file((builder) => builder.output(builder.node('Relu', ['x']), 'float32', [1])), /0 inputs/],
  ];
  for (const [weights, message] of cases) assert.throws(() => openNetwork(weights, 64), message);
});

test('rejects a tensor without one row per image', async () => {
  const weights = file((builder) => {
    const image = builder.input('image', 'float32', ['n', 3, 64, 64]);
    builder.node('ReduceMean', [image], { axes: [0], keepdims: 1 }, { outputs: ['mean image'] });
    builder.output(builder.node('Shape', [image], {}, { outputs: ['shape'] }), 'int64', [4]);
  });
  for (const tap of ['mean image', 'shape']) {
    const opening = openBackbone({ weights, tap, preprocessing: preprocessing(64), device: 'cpu' });
    await assert.rejects(opening, /cannot be tapped/);
  }
});

test("an operator that ONNX Runtime does not support is a user error with the operator's name", async () => {
  const weights = file((builder) => {
    const image = builder.input('image', 'float32', ['n', 3, 64, 64]);
    builder.output(builder.node('Sharpen', [image], {}, { outputs: ['y'] }), 'float32', ['n', 3, 64, 64]);
  });
  const opening = openBackbone({ weights, tap: 'y', preprocessing: preprocessing(64), device: 'cpu' });
  await assert.rejects(opening, /cannot run the network[\s\S]*Sharpen/);
});

for (const [name, found] of [
  ['norm-9', /BatchNormalization in training mode: \S/],
  ['norm-13', /BatchNormalization in training mode: \S/],
  ['norm-15', /BatchNormalization in training mode: \S/],
  ['dropout-13', /Dropout in training mode: \S/],
] as const) {
  test(`a network exported in training mode (${name}) is rejected with the layer's name`, async () => {
    const weights = userFile(`training-${name}.onnx`);
    const opening = openBackbone({ weights, tap: 'pooled', preprocessing: preprocessing(32), device: 'cpu' });
    await assert.rejects(
      opening,
      (error: UserError) => found.test(error.message) && /model\.eval\(\)/.test(error.message),
    );
  });
}

test('the same network in inference mode runs in batches, and so does its part before a layer in training mode', async () => {
  for (const [name, tap] of [
    ['training-none.onnx', 'pooled'],
    ['training-norm-15.onnx', convOf('training-norm-15.onnx')],
  ] as const) {
    const notes: string[] = [];
    const onNote = (line: string): number => notes.push(line);
    const options = { weights: userFile(name), tap, preprocessing: preprocessing(32), device: 'cpu', onNote } as const;
    await (await openBackbone(options)).close();
    assert.deepEqual(notes, []);
  }
});

function convOf(name: string): string {
  const { model } = openNetwork(userFile(name), 32);
  return model.graph.node.find(({ opType }) => opType === 'Conv')?.output[0] as string;
}

/** Subtracts the mean over the whole batch, with ordinary operators. */
function lessBatchMean(batch: Dimension): BackboneWeights {
  return file((builder) => {
    const image = builder.input('image', 'float32', [batch, 8, 8, 3]);
    const mean = builder.node('ReduceMean', [image], { axes: [0, 1, 2, 3], keepdims: 1 });
    builder.output(builder.node('Sub', [image, mean], {}, { outputs: ['y'] }), 'float32', [batch, 8, 8, 3]);
  });
}

test('a network whose rows depend on the batch runs image by image, and says so', async () => {
  const notes: string[] = [];
  const backbone = await openBackbone({
    weights: lessBatchMean('n'),
    tap: 'y',
    preprocessing: preprocessing(8),
    device: 'cpu',
    onNote: (line) => notes.push(line),
  });
  assert.match(notes.join(), /rows depend on the batch.*images run one by one/);
  const bytesNHWC = Uint8Array.from({ length: 2 * 192 }, (_, i) => (i * 7) % 256);
  const together = await backbone.run({ rowCount: 2, crop: 8, bytesNHWC });
  const alone = await backbone.run({ rowCount: 1, crop: 8, bytesNHWC: bytesNHWC.subarray(0, 192) });
  assert.deepEqual(together.data.slice(0, 192), alone.data);
  await backbone.close();
});

test('rejects a network of a fixed batch size whose rows depend on the batch or on chance', async () => {
  const byChance = file((builder) => {
    const image = builder.input('image', 'float32', ['n', 8, 8, 3]);
    const noise = builder.node('RandomNormalLike', [image], {});
    builder.output(builder.node('Add', [image, noise], {}, { outputs: ['y'] }), 'float32', ['n', 8, 8, 3]);
  });
  for (const weights of [lessBatchMean(2), byChance]) {
    const opening = openBackbone({ weights, tap: 'y', preprocessing: preprocessing(8), device: 'cpu' });
    await assert.rejects(opening, /depends on the other images of its batch, or is random/);
  }
});
