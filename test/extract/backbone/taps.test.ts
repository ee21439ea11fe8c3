import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildResNet } from '../../../src/extract/backbone/resnet-graph.ts';
import { checkResNetTap, resnetTaps } from '../../../src/extract/backbone/resnet-taps.ts';
import { listTaps } from '../../../src/extract/backbone/taps.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { namedNetwork } from '../../../src/extract/weights/named-network.ts';
import { type Architecture, neededTensors, planResNet } from '../../../src/extract/weights/resnet.ts';
import { fixture } from './fixtures.ts';

test('the taps of an architecture are those that ONNX Runtime finds in the network, with their shapes', async () => {
  const weights = await loadWeights(fixture('resnet-tiny.safetensors'));
  assert.ok(weights.kind === 'state-dict');
  const { architecture, classCount } = weights.stateDict;
  for (const crop of [64, 37]) {
    const { stages, tensors } = resnetTaps(architecture, crop, classCount);
    assert.deepEqual([...stages, ...tensors], await listTaps(buildResNet(weights.stateDict, crop)));
  }
});

test('the tensors of a network of basic blocks without a classifier are listed in its order', () => {
  const shapes = neededTensors(planResNet('resnet18'));
  const tensors = new Map(
    [...shapes].map(([name, shape]) => [
      name,
      { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) },
    ]),
  );
  const network = buildResNet({ architecture: 'resnet18', tensors, source: 'zeros', sha256: '' }, 224);
  const taps = resnetTaps('resnet18', 224, undefined);
  assert.deepEqual(
    taps.tensors.map(({ name }) => name),
    network.model.graph.node.flatMap(({ output }) => output),
  );
  assert.deepEqual(
    taps.stages.map(({ name, tensor }) => ({ name, tensor })),
    network.stages,
  );
});

test('the name of known weights gives the network, a file only once it is read', () => {
  const of = (weights: string): Architecture | undefined => namedNetwork(weights)?.architecture;
  assert.deepEqual(['resnet50', 'resnet101-v2', 'random', 'random:resnet18'].map(of), [
    'resnet50',
    'resnet101',
    'resnet50',
    'resnet18',
  ]);
  assert.equal(of('resnet50.pth'), undefined);
  assert.throws(() => namedNetwork('random:resnet19'), /random:resnet18/);
});

test('a tap that an architecture lacks is rejected with its stages and a command that lists all', () => {
  checkResNetTap('resnet50', 1000, 'layer4.2.conv3', 'resnet50');
  assert.throws(
    () => checkResNetTap('resnet50', 1000, 'layer5', 'resnet50'),
    /found: {4}layer5\n.*stem, layer1.*\n.*taps --weights resnet50 lists all 122 tensors/,
  );
});
