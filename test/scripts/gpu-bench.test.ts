import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeHalves } from '../../scripts/bench/gpu/encode-halves.ts';
import { halve, widened } from '../../scripts/bench/gpu/half-network.ts';
import { measure } from '../../scripts/bench/gpu/measure.ts';
import { readOptions } from '../../scripts/bench/gpu/options.ts';
import { compareFeatures, gather, type Result } from '../../scripts/bench/gpu/result.ts';
import { splitArchive } from '../../scripts/bench/gpu/split-archive.ts';
import { stateDictOf } from '../../scripts/bench/gpu/state-dict.ts';
import { openOnnxBackbone } from '../../src/extract/backbone/onnx-backbone.ts';
import { openNetwork } from '../../src/extract/backbone/open-backbone.ts';
import { resolveTap } from '../../src/extract/backbone/taps.ts';
import { loadWeights } from '../../src/extract/weights/load-weights.ts';
import {
  fixture,
  fixtureBatch,
  golden,
  preprocessing,
  readGolden,
  readStateDict,
  worstRow,
} from '../extract/backbone/fixtures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const scratch = temporaryFolder();

test("the float16 network is PyTorch's rounded to float16", async () => {
  const stateDict = readStateDict(fixture('resnet-tiny.safetensors'), 'resnet-tiny');
  const network = openNetwork({ kind: 'state-dict', stateDict }, 64);
  const tensor = resolveTap(network, 'avgpool');
  const options = { preprocessing: preprocessing(64), device: 'cpu', tap: widened(tensor) } as const;
  const backbone = await openOnnxBackbone(halve(network, tensor), options);
  const worst = worstRow(
    await backbone.run(fixtureBatch()),
    golden(readGolden('resnet-tiny-stages.safetensors'), 'avgpool'),
  );
  await backbone.close();
  assert.ok(worst < 1e-2 && worst > 1e-5, `worst row off by ${worst}`);
});

test('weights that were stored in float16 equal the weights rounded to float16', async () => {
  const weights = stateDictOf(await loadWeights(fixture('resnet-tiny.safetensors')));
  const path = join(scratch, 'halves.safetensors');
  writeFileSync(path, encodeHalves(weights));
  const carried = stateDictOf(await loadWeights(path));
  assert.equal(carried.architecture, 'resnet-tiny');
  assert.deepEqual([...carried.tensors.keys()].sort(), [...weights.tensors.keys()].sort());
  for (const [name, { shape, data }] of weights.tensors) {
    const half = carried.tensors.get(name);
    assert.deepEqual(half?.shape, shape);
    for (const [at, value] of data.entries()) {
      assert.ok(Math.abs((half?.data[at] as number) - value) <= Math.abs(value) / 1024 + 2 ** -24, `${name}[${at}]`);
    }
  }
});

test('the joined parts of an archive give the folder', { skip: process.platform === 'win32' }, async () => {
  const [stage, packed, there] = ['stage', 'packed', 'there'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(join(stage, 'lib'), { recursive: true });
  mkdirSync(there);
  // Numbers that gzip cannot compress.
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 1e6) % 256);
  writeFileSync(join(scratch, 'elsewhere'), bytes);
  symlinkSync(join(scratch, 'elsewhere'), join(stage, 'lib', 'linked'));
  const parts = await splitArchive(stage, packed, 2000);
  assert.ok(parts.length > 2);
  assert.ok(parts.every((part) => readFileSync(part).length <= 2000));
  const joined = Buffer.concat(parts.map((part) => readFileSync(part)));
  assert.equal(spawnSync('tar', ['-xz', '-C', there], { input: joined }).status, 0);
  assert.deepEqual(new Uint8Array(readFileSync(join(there, 'lib', 'linked'))), bytes);
});

test('a contestant that ends early keeps its results, with the reason', () => {
  const rate = { batch: 8, firstSeconds: 1, each: [10, 40, 20, 30] };
  const result = gather('cuda', [{ opened: { version: '1', seconds: 2 } }, { network: rate }], 'stopped after 9 s');
  assert.deepEqual(result, {
    label: 'cuda',
    version: '1',
    openSeconds: 2,
    network: [{ ...rate, imagesPerSecond: 25 }],
    notMeasured: 'stopped after 9 s',
  });
  assert.equal(gather('torch', [{ failed: 'OutOfMemoryError' }], undefined).notMeasured, 'OutOfMemoryError');
});

test('features are compared by their largest difference and by the worst row', () => {
  const write = (name: string, values: readonly number[]): string => {
    const path = join(scratch, name);
    writeFileSync(path, new Uint8Array(Float32Array.from(values).buffer));
    return path;
  };
  const reference = write('reference', [3, 4, 0, 2]);
  assert.deepEqual(compareFeatures(write('off', [3, 3.5, 0, 1]), reference, 2), {
    rows: 2,
    largest: 1,
    largestValue: 4,
    worstRow: 0.5,
  });
  assert.ok(Number.isNaN(compareFeatures(write('nan', [Number.NaN, 4, 0, 2]), reference, 2)?.worstRow));
  assert.equal(compareFeatures(join(scratch, 'none'), reference, 2), undefined);
});

test('a run writes the results of every contestant, or why it has none', async () => {
  const out = join(scratch, 'gpu.json');
  const network = '--weights random:resnet-tiny --crop 64 --images 4 --batches 2 --rounds 1 --seconds 0.1';
  const args = `${network} --batch 4 --end-to-end 8 --out`.split(' ');
  await measure(
    readOptions([...args, out, '--only', 'featuretap cpu,decoding,featuretap cuda float32']),
    'npm run bench -- gpu',
  );
  const { results, machine } = JSON.parse(readFileSync(out, 'utf8')) as {
    readonly results: readonly Result[];
    readonly machine: { readonly cores: number };
  };
  assert.ok(machine.cores > 0);
  const of = (label: string): Result | undefined => results.find((result) => result.label === label);
  const cpu = of('featuretap cpu float32');
  assert.equal(cpu?.notMeasured, undefined);
  assert.equal(cpu?.network[0]?.batch, 2);
  assert.equal(cpu?.endToEnd?.images, 8);
  assert.equal(of('featuretap decoding')?.decoding?.images, 8);
  assert.equal(of('featuretap cuda tf32'), undefined);
  const cuda = of('featuretap cuda float32');
  assert.ok(cuda?.notMeasured !== undefined || cuda?.network[0]?.batch === 2);
});
