import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LoadedWeights, loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { randomWeights } from '../../../src/extract/weights/random/random-weights.ts';
import type { Architecture } from '../../../src/extract/weights/resnet.ts';
import type { WeightTensor } from '../../../src/extract/weights/state-dict.ts';
import { readTensors } from '../../../src/extract/weights/weights-file.ts';
import { encodeSafetensors } from '../../../src/formats/safetensors.ts';
import { readWholeFile } from '../../../src/formats/whole-file.ts';
import { UserError } from '../../../src/system/errors.ts';
import { legacyPth } from '../../formats/legacy-pth-writer.ts';
import { needsReference, projectRoot, reference } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();

const tiny = randomWeights('resnet-tiny', 0).tensors;

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A .safetensors file of the tiny network with changed tensors; undefined removes one. */
function changed(name: string, changes: Readonly<Record<string, WeightTensor | undefined>>): string {
  const tensors = { ...Object.fromEntries(tiny), ...changes };
  const kept = Object.entries(tensors).flatMap(([key, tensor]) =>
    tensor === undefined ? [] : [[key, tensor] as const],
  );
  return write(name, encodeSafetensors(Object.fromEntries(kept)));
}

async function stateDict(path: string): Promise<Extract<LoadedWeights, { kind: 'state-dict' }>> {
  const loaded = await loadWeights(path);
  assert.ok(loaded.kind === 'state-dict');
  return loaded;
}

async function refuses(path: string, message: RegExp): Promise<void> {
  await assert.rejects(
    loadWeights(path),
    (error) => error instanceof UserError && message.test(error.message) && error.message.includes(path),
  );
}

test('a .safetensors file gives its tensors, its sha256 and its architecture', async () => {
  const bytes = encodeSafetensors(Object.fromEntries(tiny));
  const path = write('plain.safetensors', bytes);
  const { stateDict: read, warnings, file } = await stateDict(path);
  assert.equal(read.architecture, 'resnet-tiny');
  assert.equal(read.classCount, 10);
  assert.equal(read.sha256, createHash('sha256').update(bytes).digest('hex'));
  assert.equal(file, path);
  assert.deepEqual(warnings, []);
  assert.deepEqual([...read.tensors.keys()].sort(), [...tiny.keys()].sort());
  for (const [name, tensor] of tiny) assert.deepEqual(read.tensors.get(name), tensor);
});

const wrappings: readonly (readonly [claim: string, dict: object])[] = [
  ['a state dict', Object.fromEntries(tiny)],
  ['{state_dict: …}', { epoch: 3, state_dict: Object.fromEntries(tiny) }],
  ['{model: …} with module. prefixes', { model: prefixed('module.') }],
  ['module.model. prefixes', prefixed('module.model.')],
];
for (const [index, [claim, dict]] of wrappings.entries()) {
  test(`a .pth file of ${claim} gives the same tensors`, async () => {
    const { stateDict: read, warnings } = await stateDict(write(`wrapped-${index}.pth`, legacyPth(dict)));
    for (const [name, tensor] of tiny) assert.deepEqual(read.tensors.get(name), tensor, name);
    assert.deepEqual(warnings, []);
  });
}

function prefixed(prefix: string): Record<string, WeightTensor> {
  return Object.fromEntries([...tiny].map(([name, tensor]) => [prefix + name, tensor]));
}

test('a missing tensor is reported by name', async () => {
  await refuses(
    changed('a.safetensors', { 'layer1.1.bn2.running_var': undefined }),
    /tensor layer1\.1\.bn2\.running_var is missing/,
  );
  await refuses(changed('b.safetensors', { 'fc.bias': undefined }), /tensor fc\.bias is missing/);
  await refuses(changed('c.safetensors', { 'fc.weight': undefined }), /tensor fc\.weight is missing/);
});

test('a wrong shape is reported', async () => {
  const flat = { shape: [8 * 3 * 49], data: new Float32Array(8 * 3 * 49) };
  await refuses(
    changed('d.safetensors', { 'conv1.weight': flat }),
    /tensor conv1\.weight .*\n.*\n.*\[1176\]\n.*\[8, 3, 7, 7\]/,
  );
  await refuses(
    changed('e.safetensors', { 'fc.bias': { shape: [11], data: new Float32Array(11) } }),
    /tensor fc\.bias has the wrong shape/,
  );
});

test('NaN, infinity and a negative variance are reported by tensor', async () => {
  const nan = new Float32Array(8).fill(1);
  nan[3] = Number.NaN;
  await refuses(
    changed('f.safetensors', { 'bn1.bias': { shape: [8], data: nan } }),
    /tensor bn1\.bias holds NaN\n.*\n.*element 3/,
  );
  const infinite = new Float32Array(8).fill(Number.NEGATIVE_INFINITY);
  await refuses(
    changed('g.safetensors', { 'bn1.bias': { shape: [8], data: infinite } }),
    /tensor bn1\.bias holds infinity/,
  );
  const negative = Float32Array.of(1, 1, 1, -1, 1, 1, 1, 1);
  await refuses(
    changed('h.safetensors', { 'bn1.running_var': { shape: [8], data: negative } }),
    /bn1\.running_var holds a negative/,
  );
});

test('a warning names unused tensors, except counters of batches', async () => {
  const one = { shape: [1], data: Float32Array.of(1) };
  const { warnings } = await stateDict(
    changed('i.safetensors', { 'head.weight': one, 'ema.decay': one, 'bn1.num_batches_tracked': one }),
  );
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /2 tensors \(.*head\.weight.*\)/);
  assert.doesNotMatch(warnings[0] ?? '', /num_batches/);
});

test('a network without fc is accepted, and this is reported', async () => {
  const { stateDict: read, warnings } = await stateDict(
    changed('j.safetensors', { 'fc.weight': undefined, 'fc.bias': undefined }),
  );
  assert.equal(read.classCount, undefined);
  assert.match(warnings.join(), /no fc/);
});

for (const architecture of ['resnet18', 'resnet34', 'resnet101'] satisfies Architecture[]) {
  test(`${architecture} is distinguished from the other networks by its tensors alone`, async () => {
    const { neededTensors, planResNet } = await import('../../../src/extract/weights/resnet.ts');
    const { checkStateDict } = await import('../../../src/extract/weights/check-state-dict.ts');
    const needed = neededTensors(planResNet(architecture));
    const unread = new Map(
      [...needed].map(([name, shape]) => [
        name,
        { shape, read: () => new Float32Array(shape.reduce((product, size) => product * size, 1)) },
      ]),
    );
    assert.equal(checkStateDict(unread, 'x').architecture, architecture);
    unread.delete('layer4.0.conv2.weight');
    assert.throws(
      () => checkStateDict(unread, 'x'),
      new RegExp(`layer4.0.conv2.weight is missing(?:.|\\n)*of ${architecture}`),
    );
  });
}

test('a checkpoint of another network is rejected with the names of its first tensors', async () => {
  const path = join(projectRoot, 'test/fixtures/pth/checkpoint.pth');
  await refuses(path, /tensor conv1\.weight is missing\n.*\n.*starts with .*0\.weight/);
});

test('a number expanded to a huge tensor is rejected before memory is allocated', async () => {
  await refuses(join(projectRoot, 'test/fixtures/pth/stride-zero-bomb.pth'), /wrong shape|missing/);
});

test('a tensor larger than its storage is rejected by name when it is read', async () => {
  const path = join(projectRoot, 'test/fixtures/pth/legacy.pth');
  const { tensors } = await readTensors(await readWholeFile(path, 'weights file'), 'pth');
  assert.deepEqual(tensors.get('transposed')?.read().length, 24);
  assert.throws(() => tensors.get('expanded')?.read(), /tensor expanded is larger than what is stored/);
});

test('of several state dicts the usual one is used, and another by its key, with its own sha256', async () => {
  const doubled = Object.fromEntries(
    [...tiny].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => value * 2) }]),
  );
  const bytes = legacyPth({ epoch: 3, state_dict_ema: doubled, state_dict: Object.fromEntries(tiny) });
  const path = write('two.pth', bytes);
  const usual = await stateDict(path);
  assert.equal(usual.key, 'state_dict');
  assert.deepEqual(usual.stateDict.tensors.get('conv1.weight'), tiny.get('conv1.weight'));
  assert.match(usual.warnings.join(), /state_dict was used; --weights-key selects another: state_dict_ema/);
  assert.equal(usual.stateDict.sha256, createHash('sha256').update(bytes).digest('hex'));
  const other = await loadWeights(path, { key: 'state_dict_ema' });
  assert.ok(other.kind === 'state-dict');
  assert.equal(other.key, 'state_dict_ema');
  assert.deepEqual(other.stateDict.tensors.get('conv1.weight'), doubled['conv1.weight']);
  assert.notEqual(other.stateDict.sha256, usual.stateDict.sha256);
});

test('several state dicts without the usual one are listed as options', async () => {
  const path = join(projectRoot, 'test/fixtures/pth/unnamed-state-dicts.pth');
  await refuses(
    path,
    /several state dicts[\s\S]*first, second\.inner[\s\S]*--weights-key first or --weights-key second\.inner/,
  );
  const { tensors } = await readTensors(await readWholeFile(path, 'weights file'), 'pth', 'second.inner');
  assert.deepEqual(tensors.get('1.running_var')?.read(), Float32Array.of(2, 2));
});

test('a key that a checkpoint does not have, or for a file that is not a checkpoint, is rejected', async () => {
  const path = join(projectRoot, 'test/fixtures/pth/two-state-dicts.pth');
  await assert.rejects(loadWeights(path, { key: 'ema' }), /no state dict ema[\s\S]*state_dict, state_dict_ema/);
  for (const weights of ['random', 'resnet50', changed('keyless.safetensors', {})]) {
    await assert.rejects(loadWeights(weights, { key: 'ema' }), (error: UserError) => {
      assert.match(error.message, /--weights-key/);
      return error.exitCode === 2;
    });
  }
});

test('objects beside the tensors are skipped and reported', async () => {
  const path = join(projectRoot, 'test/fixtures/pth/inert/torchvision-reference.pth');
  const { tensors, key, warnings } = await readTensors(await readWholeFile(path, 'weights file'), 'pth');
  assert.equal(tensors.size, 7);
  assert.equal(key, undefined);
  assert.match(warnings.join(), /objects other than tensors were ignored.*argparse\.Namespace/);
});

test('a file with objects only is rejected with their names', async () => {
  const inert = join(projectRoot, 'test/fixtures/pth/inert');
  await refuses(join(inert, 'whole-module.pth'), /an object of torch\.nn\.modules\.container\.Sequential/);
  await refuses(join(inert, 'os-system.pth'), /objects of posix\.system, which are not created/);
});

test('a missing file, a folder and an unknown format are rejected', async () => {
  await refuses(join(folder, 'nowhere', 'none.pth'), /no such file/);
  await refuses(write('weights.h5', new Uint8Array()), /\.safetensors, \.pth or \.onnx/);
  await assert.rejects(loadWeights('resnet5'), (error) => error instanceof UserError && error.exitCode === 2);
});

test('weights with a similar name are suggested', async () => {
  const place = mkdtempSync(join(folder, 'place-'));
  const there = join(place, 'mine.pth');
  writeFileSync(there, 'x');
  for (const [named, instead] of [
    ['resnet51', 'resnet50'],
    [join(place, 'mime.pth'), there],
    [place, there],
  ] as const) {
    await assert.rejects(loadWeights(named), (error) => error instanceof UserError && error.parts.instead === instead);
  }
});

test('an .onnx file is passed on with its sha256', async () => {
  const bytes = readFileSync(join(projectRoot, 'test/fixtures/hub/dinov2/onnx/model.onnx'));
  const path = write('net.onnx', bytes);
  const loaded = await loadWeights(path);
  assert.ok(loaded.kind === 'onnx');
  assert.equal(loaded.sha256, createHash('sha256').update(bytes).digest('hex'));
});

test('a real half-precision ResNet50 passes every check', {
  skip: needsReference('weights/resnet50-pqf.safetensors'),
}, async () => {
  const { stateDict: read, warnings } = await stateDict(reference('weights/resnet50-pqf.safetensors'));
  assert.equal(read.architecture, 'resnet50');
  assert.equal(read.classCount, 1000);
  assert.equal(read.tensors.size, 267);
  assert.deepEqual(warnings, []);
  let parameters = 0;
  for (const [name, { data }] of read.tensors) if (!name.includes('running')) parameters += data.length;
  assert.equal(parameters, 25_557_032);
});
