import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import type { Backbone, PixelBatch, TapMap } from '../../../../src/extract/backbone/backbone.ts';
import { openBackbone, openNetwork } from '../../../../src/extract/backbone/open-backbone.ts';
import { loadTensorFlow } from '../../../../src/extract/backbone/tensorflow/load-tensorflow.ts';
import { openTensorFlowBackbone } from '../../../../src/extract/backbone/tensorflow/tensorflow-backbone.ts';
import { listImages } from '../../../../src/extract/images/list/list.ts';
import { PixelReader } from '../../../../src/extract/images/pipeline/pixel-reader.ts';
import { loadWeights } from '../../../../src/extract/weights/load-weights.ts';
import { drawPictures, seedGenerator } from '../../../../src/extract/weights/random/draw.kernel.ts';
import type { StateDict } from '../../../../src/extract/weights/state-dict.ts';
import { UserError } from '../../../../src/system/errors.ts';
import { needsReference, projectRoot, reference } from '../../../reference.ts';
import { fixture, preprocessing, worstRow } from '../fixtures.ts';

before(async () => {
  assert.ok(await tf.setBackend('wasm'));
});

async function stateDictOf(spec: string): Promise<StateDict> {
  const loaded = await loadWeights(spec);
  assert.ok(loaded.kind === 'state-dict');
  return loaded.stateDict;
}

function onTensorFlow(stateDict: StateDict, tap: string | readonly string[], crop: number): Promise<Backbone> {
  const network = openNetwork({ kind: 'state-dict', stateDict }, crop);
  return openTensorFlowBackbone(tf, stateDict, network, {
    tap,
    preprocessing: preprocessing(crop, 256),
    device: 'cpu',
  });
}

function onOnnx(stateDict: StateDict, tap: string, crop: number): Promise<Backbone> {
  const weights = { kind: 'state-dict', stateDict } as const;
  return openBackbone({ weights, tap, preprocessing: preprocessing(crop, 256), device: 'cpu' });
}

function drawnBatch(rowCount: number, crop: number): PixelBatch {
  const bytesNHWC = Uint8Array.from(drawPictures(rowCount, crop, seedGenerator(1)), (value) => value * 255);
  return { rowCount, crop, bytesNHWC };
}

/** Largest ‖a - b‖ / ‖b‖ over the rows of two maps. */
function worstDifference(found: TapMap, expected: TapMap): number {
  assert.deepEqual(found.rowShape, expected.rowShape);
  const shape = [expected.rowCount, ...expected.rowShape];
  return worstRow(found, { shape, data: expected.data });
}

for (const tap of ['stem', 'layer1', 'layer2', 'layer4', 'avgpool', 'fc', 'conv1', 'layer3.0.relu2', 'flatten']) {
  test(`TensorFlow.js and ONNX Runtime agree on the tap ${tap}`, async () => {
    const stateDict = await stateDictOf('random:resnet-tiny');
    // An odd size: differences in padding would show.
    const batch = drawnBatch(2, 97);
    const engines = [await onTensorFlow(stateDict, tap, 97), await onOnnx(stateDict, tap, 97)] as const;
    const [found, expected] = [await engines[0].run(batch), await engines[1].run(batch)];
    const worst = worstDifference(found, expected);
    assert.ok(worst < 1e-5, `off by ${worst}`);
    assert.deepEqual(engines[0].tap, engines[1].tap);
    for (const engine of engines) await engine.close();
  });
}

test('several taps in one run equal those of separate runs', async () => {
  const names = ['layer2', 'avgpool'];
  const stateDict = await stateDictOf('random:resnet-tiny');
  const batch = drawnBatch(2, 64);
  const maps = await (await onTensorFlow(stateDict, names, 64)).runAll(batch);
  for (const [at, tap] of names.entries()) {
    assert.deepEqual(maps[at], await (await onTensorFlow(stateDict, tap, 64)).run(batch), tap);
  }
});

test('a network of basic blocks agrees too', async () => {
  const stateDict = await stateDictOf(fixture('resnets/basic.safetensors'));
  const batch = drawnBatch(1, 64);
  const engines = [await onTensorFlow(stateDict, 'avgpool', 64), await onOnnx(stateDict, 'avgpool', 64)] as const;
  const worst = worstDifference(await engines[0].run(batch), await engines[1].run(batch));
  assert.ok(worst < 1e-5, `off by ${worst}`);
  for (const engine of engines) await engine.close();
});

test('memory does not grow over 50 batches, and closing releases all of it', async () => {
  const atStart = tf.memory();
  const backbone = await onTensorFlow(await stateDictOf('random:resnet-tiny'), 'avgpool', 32);
  const batch = drawnBatch(1, 32);
  await backbone.run(batch);
  const { numTensors, numBytes, numDataBuffers } = tf.memory();
  for (let i = 0; i < 50; i++) await backbone.run(batch);
  const after = tf.memory();
  assert.deepEqual([after.numTensors, after.numBytes, after.numDataBuffers], [numTensors, numBytes, numDataBuffers]);
  await backbone.close();
  assert.equal(tf.memory().numTensors, atStart.numTensors);
  assert.equal(tf.memory().numBytes, atStart.numBytes);
});

test('concurrent runs give the results of sequential ones', async () => {
  const backbone = await onTensorFlow(await stateDictOf('random:resnet-tiny'), 'layer4', 32);
  const batch = drawnBatch(3, 32);
  const alone = await backbone.run(batch);
  const together = await Promise.all([backbone.run(batch), backbone.run(batch)]);
  for (const map of together) assert.deepEqual(map.data, alone.data);
  await backbone.close();
});

test('an unknown tap is rejected with the names of the stages', async () => {
  const stateDict = await stateDictOf('random:resnet-tiny');
  await assert.rejects(
    onTensorFlow(stateDict, 'layer5', 32),
    (error) => error instanceof UserError && /stem, layer1/.test(error.message),
  );
});

test('a device that TensorFlow.js does not support is an error, and never replaced by the CPU', async () => {
  const stateDict = await stateDictOf('random:resnet-tiny');
  const network = openNetwork({ kind: 'state-dict', stateDict }, 32);
  const options = { tap: 'avgpool', preprocessing: preprocessing(32, 256), device: 'cuda' } as const;
  await assert.rejects(
    openTensorFlowBackbone(tf, stateDict, network, options),
    (error) => error instanceof UserError && /found: {4}it runs on cpu/.test(error.message),
  );
});

const nativeLibrary = join(projectRoot, 'node_modules/@tensorflow/tfjs-node-gpu/lib');
test('without its native library the engine says that it is not set up, and how to set it up', {
  skip: existsSync(nativeLibrary) && 'skipped: the native library is installed here',
}, async () => {
  await assert.rejects(
    loadTensorFlow(),
    (error) =>
      error instanceof UserError &&
      /not set up/.test(error.message) &&
      /npm run setup:tensorflow, or --engine onnx/.test(error.message),
  );
});

const weightsFile = 'weights/resnet50-pqf.safetensors';
test('features of a real photo from a ResNet50 agree with ONNX Runtime within 1e-4', {
  skip: needsReference(weightsFile, 'dogs/train'),
}, async () => {
  const stateDict = await stateDictOf(reference(weightsFile));
  const [image] = (await listImages(reference('dogs'))).images;
  const { pixels } = await new PixelReader(preprocessing(128, 256), () => false).read(image?.path ?? '');
  const batch = { rowCount: 1, crop: 128, bytesNHWC: pixels ?? assert.fail('no pixels') };
  const engines = [await onTensorFlow(stateDict, 'avgpool', 128), await onOnnx(stateDict, 'avgpool', 128)] as const;
  const worst = worstDifference(await engines[0].run(batch), await engines[1].run(batch));
  assert.ok(worst < 1e-4, `off by ${worst}`);
  for (const engine of engines) await engine.close();
});
