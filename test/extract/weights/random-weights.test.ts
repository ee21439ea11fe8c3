import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { seedGenerator } from '../../../src/extract/weights/random/draw.kernel.ts';
import { randomWeights } from '../../../src/extract/weights/random/random-weights.ts';
import { neededTensors, planResNet } from '../../../src/extract/weights/resnet.ts';
import { nextUint32 } from '../../../src/numerics/xoshiro.kernel.ts';
import { UserError } from '../../../src/system/errors.ts';

test('the generator gives the published sequence of xoshiro128**', () => {
  // First outputs from the state 1, 2, 3, 4; the reference is rand_xoshiro's test, made with the authors' C code.
  const state = Int32Array.of(1, 2, 3, 4);
  const expected = [
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ];
  assert.deepEqual(
    expected.map(() => nextUint32(state)),
    expected,
  );
});

test('different seeds give different streams, also above 2^32', () => {
  const first = new Set([0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1].map((seed) => nextUint32(seedGenerator(seed))));
  assert.equal(first.size, 6);
});

test('a seed gives the same bits on every machine', () => {
  // Not a reference value: a change of it would change every feature set made with random weights.
  assert.equal(
    randomWeights('resnet-tiny', 0).sha256,
    '97120ebff319c592f558a89111dd85161122754c3eacd4b323c9eb03769f870b',
  );
  assert.notEqual(randomWeights('resnet-tiny', 1).sha256, randomWeights('resnet-tiny', 0).sha256);
});

test('random weights have every tensor of the architecture, with the deviation of He et al.', () => {
  const { tensors, classCount } = randomWeights('resnet-tiny', 3);
  const plan = planResNet('resnet-tiny');
  for (const [name, shape] of neededTensors(plan)) assert.deepEqual(tensors.get(name)?.shape, shape, name);
  assert.deepEqual(tensors.get('fc.weight')?.shape, [classCount, plan.featureCount]);
  const kernel = tensors.get('layer4.0.conv2.weight')?.data ?? new Float32Array();
  const mean = kernel.reduce((sum, x) => sum + x, 0) / kernel.length;
  const deviation = Math.sqrt(kernel.reduce((sum, x) => sum + (x - mean) ** 2, 0) / kernel.length);
  assert.ok(Math.abs(mean) < 0.001, `mean ${mean}`);
  assert.ok(Math.abs(deviation / Math.sqrt(2 / (64 * 9)) - 1) < 0.02, `deviation ${deviation}`);
});

test('random:ARCHITECTURE chooses the network, and an unknown one is rejected with the list', async () => {
  const loaded = await loadWeights('random:resnet-tiny', { seed: 5 });
  assert.ok(loaded.kind === 'state-dict');
  assert.equal(loaded.stateDict.architecture, 'resnet-tiny');
  assert.equal(loaded.stateDict.source, 'random (resnet-tiny, seed 5)');
  assert.equal(loaded.file, undefined);
  await assert.rejects(
    loadWeights('random:vgg'),
    (error) => error instanceof UserError && /random:resnet18/.test(error.message),
  );
  await assert.rejects(loadWeights('random:resnet-tiny', { seed: -1 }), UserError);
});
