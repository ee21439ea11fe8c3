import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageFile } from '../../../../src/extract/images/list/image-file.ts';
import { openPixelPipeline } from '../../../../src/extract/images/pipeline/pipeline.ts';
import type { PixelResult } from '../../../../src/extract/images/pipeline/pixel-result.ts';
import { projectRoot } from '../../../reference.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';

const recipe = { resize: 40, crop: 32, interpolation: 'bilinear', autoOrient: false } as const;
const fixtures = join(projectRoot, 'test/fixtures/pixels');
const scratch = temporaryFolder();

const image = (path: string, id = path): ImageFile => ({ id, path, relativePath: path });
const fixture = (name: string): ImageFile => image(join(fixtures, name), name);

async function all(results: AsyncIterable<PixelResult>): Promise<PixelResult[]> {
  const list: PixelResult[] = [];
  for await (const result of results) list.push(result);
  return list;
}

test('results have the order of the images, with one thread and with three', async () => {
  const names = ['noise-640x7.png', 'gray.jpg', 'rgba16.png', 'still.gif', 'lossy.webp', 'noise-1x1.png', 'fax4.tif'];
  const images = Array.from({ length: 150 }, (_, i) => fixture(names[(i * 5) % names.length] as string));
  const byThreads: string[] = [];
  let started = 0;
  process.on('worker', () => started++);
  for (const threads of [1, 3]) {
    const pipeline = openPixelPipeline(recipe, { threads });
    assert.equal(pipeline.threads, threads);
    // A second call on the same pipeline continues, and starts the threads for which the first had no images.
    const calls = [images.slice(0, 1), images, images.slice(0, 3)];
    const results: PixelResult[] = [];
    const startedPerCall: number[] = [];
    started = 0;
    for (const some of calls) {
      results.push(...(await all(pipeline.decode(some))));
      startedPerCall.push(started);
    }
    await pipeline.close();
    assert.deepEqual(
      startedPerCall.map((count) => count - (startedPerCall[0] ?? 0)),
      [0, threads - 1, threads - 1],
    );
    assert.deepEqual(
      results.map(({ image }) => image.id),
      calls.flat().map(({ id }) => id),
    );
    const digest = createHash('sha256');
    for (const result of results) {
      assert.ok(result.outcome === 'pixels');
      assert.equal(result.pixels.length, 32 * 32 * 3);
      digest.update(result.pixels).update(result.sha256);
    }
    byThreads.push(digest.digest('hex'));
  }
  assert.equal(byThreads[0], byThreads[1]);
});

test('worker threads load their packages from any working folder', async () => {
  const before = process.cwd();
  process.chdir(scratch);
  try {
    const pipeline = openPixelPipeline(recipe, { threads: 1 });
    const results = await all(pipeline.decode([fixture('gray.jpg')]));
    await pipeline.close();
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['pixels'],
    );
  } finally {
    process.chdir(before);
  }
});

test('a result has the sha256 and size of the file and the seconds of each step', async () => {
  const pipeline = openPixelPipeline(recipe, { threads: 1 });
  const [result] = await all(pipeline.decode([fixture('gray.jpg')]));
  await pipeline.close();
  const bytes = readFileSync(join(fixtures, 'gray.jpg'));
  assert.ok(result?.outcome === 'pixels');
  assert.equal(result.sha256, createHash('sha256').update(bytes).digest('hex'));
  for (const step of ['read', 'decode', 'resize'] as const) assert.ok(result.seconds[step] > 0, step);
});

test('a broken or vanished file gives a result with a reason, and the others are decoded', async () => {
  const cut = join(scratch, 'cut.jpg');
  writeFileSync(cut, readFileSync(join(fixtures, 'ycc420.jpg')).subarray(0, 900));
  const pipeline = openPixelPipeline(recipe, { threads: 2 });
  const results = await all(
    pipeline.decode([
      fixture('gray.jpg'),
      image(cut),
      image(join(scratch, 'gone.jpg')),
      image(scratch),
      fixture('gray-alpha.png'),
    ]),
  );
  await pipeline.close();
  const outcomes = results.map((result) => (result.outcome === 'failed' ? result.reason : result.outcome));
  assert.equal(outcomes[0], 'pixels');
  assert.match(outcomes[1] ?? '', /JPEG/);
  assert.equal(outcomes[2], 'no such file');
  assert.equal(outcomes[3], 'a folder, not a file');
  const [, broken, gone] = results;
  assert.ok(broken?.outcome === 'failed' && broken.sha256?.length === 64);
  assert.ok(gone?.outcome === 'failed' && gone.sha256 === undefined);
});

test('a file with known bytes is hashed and not decoded', async () => {
  const sha256 = createHash('sha256')
    .update(readFileSync(join(fixtures, 'gray.jpg')))
    .digest('hex');
  const others = Array.from({ length: 100 }, (_, i) => createHash('sha256').update(String(i)).digest('hex'));
  const pipeline = openPixelPipeline(recipe, { threads: 2, known: [...others, sha256] });
  const results = await all(pipeline.decode([fixture('gray.jpg'), fixture('gray-alpha.png')]));
  await pipeline.close();
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['known', 'pixels'],
  );
  assert.ok(results[0]?.outcome === 'known' && results[0].sha256 === sha256);
});

test('reads at most a fixed number of images ahead of a slow consumer', async () => {
  let taken = 0;
  async function* endless(): AsyncGenerator<ImageFile> {
    for (;;) {
      taken++;
      yield fixture('noise-1x1.png');
    }
  }
  const pipeline = openPixelPipeline(recipe, { threads: 2 });
  const results = pipeline.decode(endless())[Symbol.asyncIterator]();
  for (let i = 0; i < 3; i++) await results.next();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(taken > 3 && taken <= 300, `${taken} images taken for 3 results`);
  await results.return?.();
  await pipeline.close();
});

test('an aborted signal ends decode with its reason', async () => {
  const controller = new AbortController();
  const pipeline = openPixelPipeline(recipe, { threads: 2, signal: controller.signal });
  const images = Array.from({ length: 2000 }, () => fixture('gray.jpg'));
  const stop = new Error('stop');
  let seen = 0;
  await assert.rejects(async () => {
    for await (const _ of pipeline.decode(images)) if (++seen === 5) controller.abort(stop);
  }, stop);
  assert.equal(seen, 5);
  await pipeline.close();
});

test('close ends a pipeline before its last image, and may be called twice', async () => {
  const pipeline = openPixelPipeline(recipe, { threads: 2 });
  for await (const _ of pipeline.decode(Array.from({ length: 500 }, () => fixture('gray.jpg')))) break;
  await pipeline.close();
  await pipeline.close();
  await assert.rejects(all(pipeline.decode([fixture('gray.jpg')])), /closed/);
});

test('an error of the source ends decode with this error', async () => {
  async function* failing(): AsyncGenerator<ImageFile> {
    yield fixture('gray.jpg');
    throw new Error('the list broke');
  }
  const pipeline = openPixelPipeline(recipe, { threads: 1 });
  await assert.rejects(all(pipeline.decode(failing())), /the list broke/);
  await pipeline.close();
});
