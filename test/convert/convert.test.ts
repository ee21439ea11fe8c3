import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { extract as untar } from 'tar-stream';
import { readExternalFeatures } from '../../src/classify/data/external-features.ts';
import { convertFeatureSet } from '../../src/convert/convert.ts';
import { type FormatName, formatNames, formats } from '../../src/convert/formats.ts';
import { extract } from '../../src/extract/extract.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { readNpyMatrix } from '../../src/formats/npy/npy-file.ts';
import { npyHeaderOf } from '../../src/formats/npy/npy-header.ts';
import { readNpyLabels } from '../../src/formats/npy/npy-labels.ts';
import { readNpz } from '../../src/formats/npz.ts';
import { decodeSafetensors } from '../../src/formats/safetensors.ts';
import { UserError } from '../../src/system/errors.ts';
import { featuretap } from '../cli/command.ts';
import { CountingNetwork, drawFolder, drawnRun, imagePath } from '../extract/drawn-data.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const root = temporaryFolder();
let folder: string;
let ids: readonly string[];
let labels: readonly string[];
let expected: Float32Array;

before(async () => {
  const data = join(root, 'data');
  await drawFolder(data, 11);
  await copyFile(join(data, imagePath(0)), join(data, 'class-1/twin.png'));
  const run = await extract(drawnRun(data, new CountingNetwork(), {}));
  folder = run.folder;
  const set = await openFeatureSet(folder);
  const labelled = set.labelled();
  ({ ids, labels } = labelled);
  expected = (await set.readMatrix(labelled.rows)).data;
});

async function convert(to: FormatName, name: string = to): Promise<string> {
  const file = join(root, `${name}${formats[to].extension}`);
  const { sha256, bytes, rowCount } = await convertFeatureSet(await openFeatureSet(folder), { to, file });
  const written = await readFile(file);
  assert.equal(sha256, createHash('sha256').update(written).digest('hex'));
  assert.equal(bytes, written.length);
  assert.equal(rowCount, 12);
  return file;
}

for (const to of ['npz', 'parquet', 'csv'] as const) {
  test(`classify reads the same ids, labels and bits of features from a set converted to ${to}`, async () => {
    const data = await readExternalFeatures(await convert(to), undefined, {});
    assert.deepEqual(data.ids, ids);
    assert.deepEqual(
      Array.from(data.labels, (label) => data.classes[label]),
      labels,
    );
    assert.deepEqual(data.features.data, expected);
  });
}

test('an .npz keeps the shape of whole maps', async () => {
  const { arrays } = await readNpz(await convert('npz', 'maps'));
  assert.deepEqual(arrays.map(({ name }) => name).sort(), ['features', 'ids', 'labels']);
  const features = arrays.find(({ name }) => name === 'features');
  const set = await openFeatureSet(folder);
  assert.deepEqual(features?.header.shape, [12, ...set.manifest.rowShape]);
});

test('a .safetensors holds features and class numbers, with ids, labels and classes in its metadata', async () => {
  const bytes = await readFile(await convert('safetensors'));
  const { tensors, metadata } = decodeSafetensors(bytes, 'x.safetensors');
  const features = tensors.get('features');
  assert.deepEqual(
    Buffer.from(features?.bytes as Uint8Array),
    Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength),
  );
  assert.deepEqual(JSON.parse(metadata.get('ids') as string), ids);
  assert.deepEqual(JSON.parse(metadata.get('labels') as string), labels);
  assert.deepEqual(JSON.parse(metadata.get('classes') as string), ['class-0', 'class-1', 'class-2']);
  const numbers = new Int32Array(Uint8Array.from(tensors.get('labels')?.bytes as Uint8Array).buffer);
  assert.deepEqual(
    Array.from(numbers, (number) => `class-${number}`),
    labels,
  );
});

test('a webdataset has one sample per image: features, class number, id and label', async () => {
  const entries = new Map<string, Buffer>();
  for await (const entry of createReadStream(await convert('webdataset')).pipe(untar())) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    entries.set(entry.header.name, Buffer.concat(parts));
  }
  assert.equal(entries.size, 36);
  assert.deepEqual([...entries.keys()].slice(0, 3), ['00.npy', '00.cls', '00.json']);
  for (const [row, id] of ids.entries()) {
    const key = String(row).padStart(2, '0');
    assert.deepEqual(JSON.parse(String(entries.get(`${key}.json`))), { id, label: labels[row] });
    assert.equal(`class-${entries.get(`${key}.cls`)}`, labels[row]);
    const npy = entries.get(`${key}.npy`) as Buffer;
    const { shape, dataOffset } = await npyHeaderOf(npy, 'x');
    const length = shape.reduce((product, side) => product * side, 1);
    assert.deepEqual(
      new Float32Array(Uint8Array.from(npy.subarray(dataOffset)).buffer),
      expected.slice(row * length, (row + 1) * length),
    );
  }
});

test('conversions of the same set give the same bytes', async () => {
  for (const to of formatNames) {
    assert.deepEqual(await readFile(await convert(to, 'once')), await readFile(await convert(to, 'again')), to);
  }
});

test('an existing file is overwritten only with --replace', async () => {
  const file = join(root, 'mine.csv');
  await writeFile(file, 'precious');
  const set = await openFeatureSet(folder);
  await assert.rejects(
    convertFeatureSet(set, { to: 'csv', file }),
    (error) => error instanceof UserError && error.exitCode === 2 && /--replace/.test(error.message),
  );
  assert.equal(await readFile(file, 'utf8'), 'precious');
  await convertFeatureSet(set, { to: 'csv', file, replace: true });
  assert.match(await readFile(file, 'utf8'), /^id,label,f0,/);
});

test('a damaged shard stops the conversion and leaves no file', async () => {
  const other = join(root, 'damaged');
  const data = join(root, 'damaged-data');
  await drawFolder(data, 3);
  const run = await extract(drawnRun(data, new CountingNetwork(), {}));
  const shard = join(run.folder, run.manifest.shards[0]?.file as string);
  const bytes = await readFile(shard);
  bytes[bytes.length - 3] = (bytes.at(-3) as number) ^ 1;
  await writeFile(shard, bytes);
  for (const to of formatNames) {
    const file = `${other}${formats[to].extension}`;
    await assert.rejects(convertFeatureSet(await openFeatureSet(run.folder), { to, file }), UserError, to);
    assert.ok(!existsSync(file), to);
  }
});

test('featuretap convert prints what it wrote and how Python opens it', async () => {
  const file = join(root, 'cli.npz');
  const { status, stdout, stderr } = await featuretap(['convert', folder, '--to', 'npz', '--out', file]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /cli\.npz: 12 rows of \d+ float32, 3 classes, .*\nopens with: d = np\.load\(/);
  const wrong = await featuretap(['convert', folder, '--to', 'hdf5']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /npz \| parquet \| csv \| safetensors \| webdataset/);
});

test('text beyond ASCII is read back from an .npz unchanged', async () => {
  const { encodeNpyText } = await import('../../src/formats/npy/npy-write.ts');
  const values = ['pug', 'é', '\u{1F600}', ''];
  assert.deepEqual((await readNpyLabels({ where: 'x', bytes: encodeNpyText(values) })).names, values);
  await assert.rejects(readNpyMatrix({ where: 'x', bytes: encodeNpyText(values) }), UserError);
});
