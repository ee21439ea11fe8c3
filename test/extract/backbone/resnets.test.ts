import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBackbone } from '../../../src/extract/backbone/open-backbone.ts';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import { prepareInt8 } from '../../../src/extract/backbone/quantize/open-int8.ts';
import { checkStateDict } from '../../../src/extract/weights/check-state-dict.ts';
import { knownWeights } from '../../../src/extract/weights/known-weights.ts';
import { type LoadedStateDict, loadWeights } from '../../../src/extract/weights/load-weights.ts';
import {
  architectureOf,
  architectures,
  isArchitecture,
  neededTensors,
  planResNet,
} from '../../../src/extract/weights/resnet.ts';
import { recognizeSpelling } from '../../../src/extract/weights/spellings.ts';
import { fixture, fixtureBatch, golden, preprocessing, readGolden, worstRow } from './fixtures.ts';

/** The networks of scripts/fixtures/extract/resnets.py, and the architecture that each file's shapes give. */
const cases = {
  resnext: 'resnet(bottleneck 1-1-1-1, stem 8, width 8, groups 4x32)',
  wide: 'resnet(bottleneck 1-1-1-1, stem 4, width 4, groups 1x128)',
  basic: 'resnet(basic 2-1-1-1, stem 4, width 4)',
  cifar: 'resnet(basic 1-1-1-1, stem 4, width 4, stem kernel 3)',
  sequential: 'resnet(bottleneck 1-1-1-1, stem 4, width 4)',
  moco: 'resnet(bottleneck 1-1-1-1, stem 4, width 4)',
  'hugging-face': 'resnet(bottleneck 1-2-1-1, stem 4, width 4)',
} as const;
const expected = readGolden('resnets/golden.safetensors');
const load = async (name: string): Promise<LoadedStateDict> =>
  (await loadWeights(fixture(join('resnets', `${name}.safetensors`)))) as LoadedStateDict;
const options = { preprocessing: preprocessing(64), device: 'cpu', tap: 'avgpool' } as const;

for (const [name, architecture] of Object.entries(cases)) {
  test(`${name}: is recognized from its tensors' shapes, and its features agree with PyTorch`, async () => {
    const { stateDict } = await load(name);
    assert.equal(stateDict.architecture, architecture);
    const backbone = await openBackbone({ ...options, weights: { kind: 'state-dict', stateDict } });
    const pooled = poolRows(await backbone.run(fixtureBatch()), 'mean');
    await backbone.close();
    const worst = worstRow(pooled, golden(expected, name));
    assert.ok(worst < 1e-4, `worst row off by ${worst}`);
  });
}

test('int8 runs a grouped convolution and a CIFAR stem as close to PyTorch as other networks', async () => {
  const sample = { seed: 3, images: ['a', 'b', 'c'], pixels: fixtureBatch() };
  for (const name of ['resnext', 'cifar']) {
    const { stateDict } = await load(name);
    const { backbone, activationRanges } = await prepareInt8({ ...options, weights: stateDict }, sample);
    await backbone.close();
    assert.ok(activationRanges.agreement.worst > 0.99, `${name}: ${activationRanges.agreement.worst}`);
  }
});

test('reports renamed tensors, the network chosen of several, and a stem that is only assumed', async () => {
  const said = async (name: string): Promise<string> => (await load(name)).warnings.join('\n');
  assert.match(await said('hugging-face'), /read by Hugging Face's names/);
  assert.match(await said('sequential'), /read by numbered modules of nn\.Sequential/);
  assert.match(await said('moco'), /module\.encoder_q\.\* was used, not module\.encoder_k\.\*/);
  assert.match(await said('cifar'), /CIFAR's: stride 1, no max pool/);
});

test("kuangliu's names for shortcut and classifier are read as torchvision's downsample and fc", () => {
  const names = ['conv1.weight', 'layer1.0.conv1.weight', 'layer1.0.shortcut.0.weight', 'linear.bias'];
  const spelled = recognizeSpelling(names);
  assert.deepEqual([...(spelled?.names.keys() ?? [])].slice(2), ['layer1.0.downsample.0.weight', 'fc.bias']);
});

test('every known architecture is recognized from its shapes alone, and its name is parsed back', () => {
  for (const name of Object.keys(architectures) as (keyof typeof architectures)[]) {
    const tensors = [...neededTensors(planResNet(name))].map(
      ([tensor, shape]) =>
        [tensor, { shape, read: () => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) }] as const,
    );
    if (name === 'resnet18' || name === 'resnet-tiny')
      assert.equal(checkStateDict(new Map(tensors), 'drawn').architecture, name);
    assert.equal(architectureOf(architectures[name]), name);
  }
  for (const architecture of Object.values(cases)) assert.ok(isArchitecture(architecture));
  assert.ok(!isArchitecture('resnet(bottleneck 1-1-1, stem 4, width 4)'));
});

test("parameter counts of ResNeXts and wide ResNets are torchvision's", () => {
  // torchvision/models/resnet.py, `num_params` of each; 1,000 classes.
  const published = {
    resnext50_32x4d: 25_028_904,
    resnext101_32x8d: 88_791_336,
    resnext101_64x4d: 83_455_272,
    wide_resnet50_2: 68_883_240,
    wide_resnet101_2: 126_886_696,
  } as const;
  for (const [name, count] of Object.entries(published)) {
    const plan = planResNet(name as keyof typeof published);
    let sum = 1000 * (plan.featureCount + 1);
    for (const [tensor, shape] of neededTensors(plan))
      if (!tensor.includes('running_')) sum += shape.reduce((product, extent) => product * extent, 1);
    assert.equal(sum, count, name);
    assert.ok(Object.hasOwn(knownWeights, name));
  }
});

test('recognizes a stem for other channels, a deep stem and an fc of another shape', () => {
  const shapes = new Map(neededTensors(planResNet('resnet-tiny')));
  const unread = (changes: Readonly<Record<string, readonly number[] | undefined>>) =>
    new Map(
      [...new Map([...shapes, ...Object.entries(changes)])].flatMap(([name, shape]) =>
        shape === undefined
          ? []
          : [[name, { shape, read: () => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) }] as const],
      ),
    );
  const { architecture } = checkStateDict(unread({ 'conv1.weight': [8, 13, 7, 7] }), 'f');
  assert.equal(architecture, 'resnet(bottleneck 2-1-1-1, stem 8, width 8, channels 13)');
  assert.ok(isArchitecture(architecture));
  assert.throws(
    () => checkStateDict(unread({ 'conv1.weight': undefined, 'conv1.0.weight': [8, 3, 3, 3] }), 'f'),
    /deep stem/,
  );
  const { classCount, warnings } = checkStateDict(unread({ 'fc.weight': [128, 64], 'fc.bias': [128] }), 'f');
  assert.equal(classCount, undefined);
  assert.match(warnings.join(), /fc is not one layer over 256 features/);
});
