import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { type InputFailure, openInputs } from '../../src/predict/inputs.ts';
import { drawTar, drawZip } from '../formats/draw-archive.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();
before(async () => {
  for (const file of [
    'b.jpg',
    'a.PNG',
    'notes.txt',
    '.hidden.jpg',
    'pets/c d.jpeg',
    'pets/deep/犬.webp',
    'odd[1].jpg',
  ]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), 'x');
  }
  await mkdir(join(folder, 'empty'));
  await symlink(folder, join(folder, 'pets', 'loop'));
});

async function collect(
  paths: readonly string[],
  stdin: readonly (string | Uint8Array)[] = [],
): Promise<{ images: string[]; ids: string[]; failures: readonly InputFailure[] }> {
  const failures: InputFailure[] = [];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const chunk of stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
  const inputs = openInputs(paths, { stdin: bytes(), onFailure: (failure) => failures.push(failure) });
  const images: string[] = [];
  const ids: string[] = [];
  for await (const image of inputs.images) {
    images.push(image.relativePath.replace(`${folder}/`, ''));
    ids.push(image.id);
  }
  await inputs.close();
  return { images, ids, failures };
}

test('a folder gives its images at any depth in one order, without hidden files and link loops', async () => {
  const { images, ids } = await collect([folder]);
  assert.deepEqual(images, ['a.PNG', 'b.jpg', 'odd[1].jpg', 'pets/c d.jpeg', 'pets/deep/犬.webp']);
  assert.deepEqual(ids, ['a', 'b', 'odd[1]', 'c d', '犬']);
});

test('named files are kept, also missing ones and ones without an image extension: decoding reports them', async () => {
  const { images } = await collect([join(folder, 'notes.txt'), join(folder, 'gone.jpg'), join(folder, 'b.jpg')]);
  assert.deepEqual(images, ['notes.txt', 'gone.jpg', 'b.jpg']);
});

test('a quoted glob is expanded, and a file whose name looks like one is a file', async () => {
  assert.deepEqual((await collect([`${folder}/pets/**/*.{jpeg,webp}`])).images, ['pets/c d.jpeg', 'pets/deep/犬.webp']);
  assert.deepEqual((await collect([`${folder}/*.jpg`])).images, ['b.jpg', 'odd[1].jpg']);
  assert.deepEqual((await collect([join(folder, 'odd[1].jpg')])).images, ['odd[1].jpg']);
});

test('a folder without images and a glob without matches are failures, and the others are read', async () => {
  const { images, failures } = await collect([join(folder, 'empty'), `${folder}/*.tiff`, join(folder, 'b.jpg')]);
  assert.deepEqual(images, ['b.jpg']);
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ['no image in this folder', 'no image matches'],
  );
});

test('standard input is a list of paths, however its bytes are split', async () => {
  const text = Buffer.from(`${folder}/b.jpg\r\n\n${folder}/pets/deep/犬.webp\n${folder}/a.PNG`);
  const bytes = Array.from(text, (byte) => Uint8Array.of(byte));
  for (const chunks of [[text], bytes]) {
    assert.deepEqual((await collect(['-'], chunks)).images, ['b.jpg', 'pets/deep/犬.webp', 'a.PNG']);
  }
});

test('standard input that starts as an image is one image, readable until the inputs are closed', async () => {
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, ...new Array(40).fill(7));
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield jpeg.subarray(0, 5);
    yield jpeg.subarray(5);
  }
  const inputs = openInputs(['-'], { stdin: bytes(), onFailure: ({ reason }) => assert.fail(reason) });
  const paths: string[] = [];
  for await (const image of inputs.images) paths.push(image.path);
  assert.equal(paths.length, 1);
  assert.deepEqual(new Uint8Array(await readFile(paths[0] as string)), jpeg);
  await inputs.close();
  assert.ok(!existsSync(paths[0] as string));
});

test('an empty standard input gives no image and no failure', async () => {
  assert.deepEqual(await collect(['-']), { images: [], ids: [], failures: [] });
});

test('a table gives its images in its order and with its ids, and lists those without a file', async () => {
  const place = join(folder, 'contest');
  for (const file of ['test/2.jpg', 'test/1.jpg', 'train/1.jpg']) {
    await mkdir(dirname(join(place, file)), { recursive: true });
    await writeFile(join(place, file), 'x');
  }
  await writeFile(join(place, 'test.csv'), 'image_id,width\n2.jpg,5\n9.jpg,5\n1.jpg,6\n');
  const { images, ids, failures } = await collect([join(place, 'test.csv')]);
  assert.deepEqual(images, ['contest/test/2.jpg', 'contest/test/1.jpg']);
  assert.deepEqual(ids, ['2.jpg', '1.jpg']);
  assert.deepEqual(failures, [{ path: '9.jpg', reason: 'no image of this name' }]);
  await rm(place, { recursive: true });
});

test('an archive gives its images, and a rejected one is a failure with the reason', async () => {
  const [good, bad] = [join(folder, 'more.zip'), join(folder, 'bad.tar')];
  await writeFile(good, drawZip({ 'b/2.jpg': Buffer.from('x'), 'a/1.jpg': Buffer.from('y') }));
  await writeFile(bad, drawTar({ '../1.jpg': Buffer.from('x') }));
  const { images, ids, failures } = await collect([good, bad]);
  assert.deepEqual(images, ['more.zip/a/1.jpg', 'more.zip/b/2.jpg']);
  assert.deepEqual(ids, ['1', '2']);
  assert.match(failures[0]?.reason ?? '', /leads out of it/);
  for (const file of [good, bad]) await rm(file);
});

test('files of a folder that are not images are reported', async () => {
  const notes: string[] = [];
  const inputs = openInputs([folder], {
    stdin: (async function* () {})(),
    onFailure: () => {},
    onNote: (line) => notes.push(line),
  });
  for await (const _ of inputs.images);
  await inputs.close();
  assert.deepEqual(notes, [`${folder}: left out: 1 .txt, 1 hidden file`]);
});
