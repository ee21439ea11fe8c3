import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type ExternalOptions,
  openExternalFeatures,
  readExternalFeatures,
} from '../../../src/classify/data/external-features.ts';
import { isExternal } from '../../../src/classify/data/matrix/open-matrix.ts';
import { isStored } from '../../../src/rows/row-source.ts';
import { UserError } from '../../../src/system/errors.ts';
import { projectRoot } from '../../reference.ts';

/** Written by scripts/fixtures/formats/matrices.py and npy.py. */
const folder = join(projectRoot, 'test/fixtures/classify/matrices');
const npy = (name: string): string => join(projectRoot, 'test/fixtures/classify/npy', name);
const file = (name: string): string => join(folder, name);
const features = Array.from({ length: 15 }, (_, i) => (i - 4) / 8);
const ids = ['d/v.jpg', 'c/w.jpg', 'd/x.jpg', 'c/y.jpg', 'd/z.jpg'];
const names = ['dog', 'cat', 'dog', 'cat', 'dog'];

interface Read {
  readonly ids: readonly string[];
  readonly features: readonly number[];
  readonly names: readonly string[];
  readonly classes: readonly string[];
  readonly said: string;
}

async function read(path: string, labels?: string, options: ExternalOptions = {}): Promise<Read> {
  const said: string[] = [];
  const data = await readExternalFeatures(path, labels, { onNote: (line) => said.push(line), ...options });
  return {
    ids: data.ids,
    features: [...data.features.data],
    names: Array.from(data.labels, (label) => data.classes[label] as string),
    classes: data.classes,
    said: said.join('\n'),
  };
}

async function refuses(reading: Promise<unknown>, message: RegExp, exitCode = 2): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.equal(error.exitCode, exitCode);
    return true;
  });
}

for (const name of [
  'wide.csv',
  'semicolons.csv',
  'wide.tsv',
  'wide-snappy.parquet',
  'wide-gzip.parquet',
  'wide-zstd.parquet',
]) {
  test(`reads ${name}: finds ids, labels and feature columns by name, and reports its choice`, async () => {
    const found = await read(file(name));
    assert.deepEqual(found.ids, ids);
    assert.deepEqual(found.names, names);
    assert.deepEqual(found.features, features);
    assert.match(found.said, /id = image_id, label = class, features = f0 … f2 \(3 columns\); not used: note/);
  });
}

test('reads a Parquet column of lists, with labels that are numbers', async () => {
  const found = await read(file('lists.parquet'));
  assert.deepEqual([found.ids, found.features], [ids, features]);
  assert.deepEqual(
    [found.names, found.classes],
    [
      ['3', '1', '3', '1', '2'],
      ['1', '2', '3'],
    ],
  );
  assert.match(found.said, /id = file_name, label = label, features = embedding; not used: caption/);
});

test('reads the columns that the user names, and lists the possible readings where several fit', async () => {
  await refuses(
    read(file('two-labels.csv')),
    /--label-column class or --label-column target|--label-column target or --label-column class/,
  );
  assert.deepEqual((await read(file('two-labels.csv'), undefined, { labelColumn: 'class' })).names, names);
  await refuses(
    read(file('two-lists.parquet')),
    /several columns could be the features[\s\S]*two-lists\.parquet:other or/,
  );
  assert.deepEqual((await read(`${file('two-lists.parquet')}:second`)).features, features);
  await refuses(read(file('wide.csv'), undefined, { labelColumn: 'breed' }), /--label-column[\s\S]*breed/);
  await refuses(read(npy('x-float32.npy'), npy('y-int8.npy'), { labelColumn: 'class' }), /has no columns/);
});

test('rejects continuous values as labels before training', async () => {
  await refuses(read(file('measures.csv')), /look like measurements, and regression is not supported[\s\S]*0\.5/, 1);
});

test('rejects a matrix without labels, and lists the ways to pass them', async () => {
  await refuses(read(file('numbers-alone.csv')), /no labels for these features[\s\S]*--labels y\.npy/);
  const found = await read(file('numbers-alone.csv'), npy('y-text.npy'));
  assert.deepEqual(found.features, features);
  assert.equal(found.ids[0], 'row-0');
});

test('reads an .npz archive by the names of its arrays, compressed or not, and labels of [n, 1]', async () => {
  const named = await read(npy('named.npz'));
  assert.deepEqual([named.ids.join(''), named.names.join(''), named.features], ['vwxyz', 'ababa', features]);
  assert.match(named.said, /id = ids, label = labels, features = features \(5 x 3\)/);
  const compressed = await read(npy('compressed.npz'));
  assert.deepEqual([compressed.features, compressed.names], [features, ['10', '2', '10', '-1', '2']]);
  assert.deepEqual(compressed.classes, ['-1', '2', '10']);
});

test('reads a named array of an .npz archive, and lists them where none is named like features', async () => {
  await refuses(
    read(npy('unnamed.npz'), npy('y-int8.npy')),
    /first \(5 x 3, f8\), second \(5 x 3, f8\)[\s\S]*unnamed\.npz:first or /,
  );
  assert.deepEqual((await read(`${npy('unnamed.npz')}:first`, npy('y-int8.npy'))).features, features);
  await refuses(read(`${npy('unnamed.npz')}:third`, npy('y-int8.npy')), /holds no array third/);
});

test('reads big-endian, integer and boolean matrices, and streams them from disk', async () => {
  const big = await openExternalFeatures(npy('x-big-endian.npy'), npy('y-objects.npy'), {});
  assert.ok(isStored(big.features));
  assert.deepEqual((await read(npy('x-big-endian.npy'), npy('y-objects.npy'))).features, features);
  assert.deepEqual(
    (await read(npy('x-int.npy'), npy('y-float.npy'))).features,
    Array.from({ length: 15 }, (_, i) => i),
  );
  assert.deepEqual((await read(npy('x-bool.npy'), npy('y-bool.npy'))).features.slice(0, 4), [0, 1, 0, 1]);
});

test('reads a folder of shards in numeric order, its metadata, and folders in its paths as labels', async () => {
  assert.ok(await isExternal(file('clip')));
  assert.ok(!(await isExternal(join(projectRoot, 'nowhere'))));
  const found = await read(file('clip'));
  assert.deepEqual(found.ids, ids);
  assert.deepEqual(found.names, ['d', 'c', 'd', 'c', 'd']);
  assert.deepEqual(found.features, features);
  assert.match(found.said, /2 \.npy files \(5 x 3\); metadata\/\*\.parquet: id = image_path/);
  assert.match(found.said, /label = the folder that each path lies in/);
  assert.deepEqual((await read(file('clip'), undefined, { labelColumn: 'caption' })).names, names);
});

test('reads a folder of features.npy and file_names.txt', async () => {
  const found = await read(file('things'), file('labels.parquet'));
  assert.deepEqual([found.ids, found.features, found.names], [ids, features, names]);
});

test('joins labels by id, with or without folders and extensions, and counts what has no partner', async () => {
  const found = await read(file('clip'), file('by-id.csv'));
  assert.deepEqual(found.ids, ids.slice(1));
  assert.deepEqual(found.names, ['b', 'c', 'd', 'e']);
  assert.deepEqual(found.features, features.slice(3));
  assert.match(found.said, /joined by id[\s\S]*1 row without a label in .*by-id\.csv: left out/);
});

test('the error for a folder without features describes the accepted layouts', async () => {
  await refuses(read(join(projectRoot, 'docs')), /neither manifest\.json nor \.npy files[\s\S]*img_emb/);
});

test('a Parquet file with a cyclic schema ends with an error or a result, never in an endless loop', async () => {
  await read(file('minus-one-child.parquet'), npy('y-int8.npy')).catch((error) => {
    assert.ok(error instanceof UserError, String(error));
  });
});
