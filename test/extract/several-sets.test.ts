import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { askedExtract } from '../../src/extract/asked-extract.ts';
import { type ExtractResult, extract, extractSeveral, type SetPlan } from '../../src/extract/extract.ts';
import { extractOptions } from '../../src/extract/options.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { InterruptedError } from '../../src/system/errors.ts';
import { readOptions } from '../../src/system/options.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { CountingNetwork, drawFolder, drawImage, drawnRun, type RunChanges } from './drawn-data.ts';

const root = temporaryFolder();

const asked = [
  { name: 'deep-mean', tap: 'avgpool', pool: 'mean' },
  { name: 'early-max', tap: 'layer3', pool: 'max' },
  { name: 'early-map', tap: 'layer3', pool: 'none' },
] as const;

function several(data: string, network: CountingNetwork, extra: RunChanges = {}): Promise<readonly ExtractResult[]> {
  const sets = asked.map(({ name, tap, pool }): SetPlan => ({ folder: join(`${data}-cache`, name), tap, pool }));
  return extractSeveral(drawnRun(data, network, extra), sets as [SetPlan, ...SetPlan[]]);
}

async function alone(data: string, network: CountingNetwork, set: RunChanges, cache: string): Promise<ExtractResult> {
  return extract(drawnRun(data, network, { ...set, cache }));
}

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder)).filter((file) => file !== '.run').sort();
  const contents: Record<string, string> = {};
  for (const file of files)
    contents[file] = createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex');
  return contents;
}

async function rowsById(folder: string): Promise<Map<string, readonly number[]>> {
  const set = await openFeatureSet(folder);
  const { data } = await set.readMatrix();
  return new Map(
    set.ids.toSorted().map((id) => [id, [...data.subarray(set.ids.indexOf(id) * set.dims).slice(0, set.dims)]]),
  );
}

async function expectSetsOfOwnRuns(data: string, results: readonly ExtractResult[]): Promise<void> {
  for (const [at, set] of asked.entries()) {
    const own = await alone(data, new CountingNetwork(), set, `${data}-alone`);
    assert.deepEqual(await contentsOf(results[at]!.folder), await contentsOf(own.folder), set.name);
  }
}

test('makes sets with the bytes of separate runs, and runs each image once', async () => {
  const data = join(root, 'once');
  await drawFolder(data, 19);
  const network = new CountingNetwork();
  const results = await several(data, network);
  assert.deepEqual([network.opened, network.imageCount], [1, 19]);
  assert.deepEqual(
    results.map(({ newImages, manifest }) => [newImages, manifest.rowShape.join('x')]),
    [
      [19, '4'],
      [19, '4'],
      [19, '4x2x2'],
    ],
  );
  await expectSetsOfOwnRuns(data, results);
  const again = new CountingNetwork();
  await several(data, again);
  assert.equal(again.opened, 0);
});

test('continues after an interruption at any batch, and no image runs twice', async () => {
  const data = join(root, 'stopped');
  await drawFolder(data, 19);
  for (const stopAt of [0, 2, 3]) {
    await rm(`${data}-cache`, { recursive: true, force: true });
    const controller = new AbortController();
    const network = new CountingNetwork();
    network.beforeRun = (run) => {
      if (run === stopAt) controller.abort(new InterruptedError());
    };
    await assert.rejects(several(data, network, { signal: controller.signal }), InterruptedError);
    const later = new CountingNetwork();
    const results = await several(data, later);
    assert.equal(network.imageCount + later.imageCount, 19);
    await expectSetsOfOwnRuns(data, results);
  }
});

test('computes only the missing rows of a set that has fewer than the others', async () => {
  const data = join(root, 'behind');
  await drawFolder(data, 12);
  const first = await alone(data, new CountingNetwork(), asked[0], `${data}-cache`);
  const kept = await contentsOf(first.folder);
  const network = new CountingNetwork();
  const results = await several(data, network);
  assert.equal(network.imageCount, 12);
  assert.deepEqual(
    results.map(({ newImages, keptImages }) => [newImages, keptImages]),
    [
      [0, 12],
      [12, 0],
      [12, 0],
    ],
  );
  assert.deepEqual(await contentsOf(first.folder), kept);
  await drawImage(join(data, 'class-0/added.png'), 100);
  // One set gets the new image in a separate run; the others must not skip it, and this one not get it twice.
  await alone(data, new CountingNetwork(), asked[1], `${data}-cache`);
  const added = await several(data, new CountingNetwork());
  assert.deepEqual(
    added.map(({ newImages, manifest }) => [newImages, manifest.imageCount]),
    [
      [1, 13],
      [0, 13],
      [1, 13],
    ],
  );
  for (const [at, set] of asked.entries()) {
    const own = await alone(data, new CountingNetwork(), set, `${data}-alone`);
    assert.deepEqual(await rowsById(added[at]!.folder), await rowsById(own.folder), set.name);
  }
});

test('closes every set where one of them cannot be opened', async () => {
  const data = join(root, 'refused');
  await drawFolder(data, 6);
  const other = new CountingNetwork('another');
  await alone(data, other, asked[2], `${data}-cache`);
  await assert.rejects(several(data, new CountingNetwork()), /another fingerprint/);
  // Its lock is released.
  await alone(data, new CountingNetwork(), asked[0], `${data}-cache`);
});

test('names a set for each pair of tap and pool', () => {
  const names = (options: Record<string, string>): readonly string[] =>
    askedExtract(readOptions(extractOptions, { data: root, name: 'dogs', ...options }), true).sets.map(({ folder }) =>
      basename(folder),
    );
  assert.deepEqual(names({ tap: 'layer3,avgpool', pool: 'mean,max' }), [
    'dogs-layer3-mean',
    'dogs-layer3-max',
    'dogs-avgpool-mean',
    'dogs-avgpool-max',
  ]);
  assert.deepEqual(names({ pool: 'mean,max' }), ['dogs-mean', 'dogs-max']);
  assert.deepEqual(names({ tap: 'layer1.0.conv1,layer2' }), ['dogs-layer1.0.conv1', 'dogs-layer2']);
  assert.deepEqual(names({ tap: 'layer3' }), ['dogs']);
  assert.deepEqual(names({ tap: 'layer3,layer3' }), ['dogs']);
});

test('rejects several taps where a run makes one set, for int8, and where names would be equal', () => {
  const read = (options: Record<string, string>, several = true) =>
    askedExtract(readOptions(extractOptions, { data: root, ...options }), several);
  assert.throws(() => read({ pool: 'mean,max' }, false), /--pool[\s\S]*mean,max/);
  assert.throws(() => read({ tap: 'layer3,avgpool', precision: 'int8' }), /one with --precision int8/);
  assert.throws(() => read({ tap: 'layer3,layer9', weights: 'resnet50' }), /layer9/);
  assert.throws(() => read({ tap: 'a/b,a:b', weights: 'mine.onnx' }), /differ in letters or digits/);
  assert.throws(() => read({ pool: 'mean,median' }), /median/);
});
