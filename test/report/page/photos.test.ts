import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import sharp from 'sharp';
import { seededRandom } from '../../../scripts/demo/random.ts';
import type { Located } from '../../../src/extract/images/list/tree.ts';
import { cacheFolder, PageCache } from '../../../src/report/page/cache/page-cache.ts';
import { makeThumbnails, type WantedPhoto } from '../../../src/report/page/photos.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const root = temporaryFolder();
const wanted: WantedPhoto[] = [];
before(async () => {
  const random = seededRandom(3);
  for (let i = 0; i < 40; i++) {
    const path = join(root, `${i}.png`);
    const pixels = Uint8Array.from({ length: 90 * 70 * 3 }, () => 255 * random());
    await sharp(pixels, { raw: { width: 90, height: 70, channels: 3 } })
      .png()
      .toFile(path);
    wanted.push({
      id: `photo-${i}`,
      path,
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    });
  }
});

const locate = async (path: string): Promise<Located> => ({ path });
const sideOf = async (base64: string | undefined): Promise<number | undefined> =>
  (await sharp(Buffer.from(base64 ?? '', 'base64')).metadata()).width;

test('where there is space every thumbnail is large, and missing photos are counted', async () => {
  const gone = { id: 'gone', path: join(root, 'gone.png'), sha256: 'f'.repeat(64) };
  const made = await makeThumbnails([gone, ...wanted], locate, new PageCache(join(root, 'roomy')));
  assert.deepEqual([made.photos.size, made.unreadable, made.leftOut], [40, 1, 0]);
  assert.equal(await sideOf(made.photos.get('photo-39')), 144);
});

test('where there is little space the first are large, the others small, and omitted ones are counted', async () => {
  const budget = 90_000;
  const made = await makeThumbnails(wanted, locate, new PageCache(join(root, 'tight')), budget);
  const bytes = [...made.photos.values()].reduce((sum, base64) => sum + Buffer.from(base64, 'base64').length, 0);
  assert.ok(bytes <= budget, `${bytes} bytes`);
  assert.equal(await sideOf(made.photos.get('photo-0')), 144);
  const last = [...made.photos.keys()].at(-1) as string;
  assert.equal(await sideOf(made.photos.get(last)), 48);
  assert.equal(made.photos.size + made.leftOut, 40);
  assert.ok(made.leftOut > 0);
});

test("a second page reads thumbnails from the cache by the photo's hash, and reads a changed photo again", async () => {
  const folder = join(root, 'kept');
  const path = join(root, 'changing.png');
  const [red, blue] = await Promise.all(
    ['#f00', '#00f'].map((background) =>
      sharp({ create: { width: 30, height: 30, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  await writeFile(path, red as Buffer);
  const hash = createHash('sha256')
    .update(red as Buffer)
    .digest('hex');
  const photo = { id: 'a', path, sha256: hash };
  const first = await makeThumbnails([photo], locate, new PageCache(folder));
  await rm(path);
  assert.deepEqual((await makeThumbnails([photo], locate, new PageCache(folder))).photos, first.photos);
  // A cached thumbnail whose hash does not match is shown, and not kept.
  await rm(join(folder, cacheFolder), { recursive: true });
  await writeFile(path, blue as Buffer);
  const changed = await makeThumbnails([photo], locate, new PageCache(folder));
  assert.notEqual(changed.photos.get('a'), first.photos.get('a'));
  await rm(path);
  assert.equal((await makeThumbnails([photo], locate, new PageCache(folder))).unreadable, 1);
});

test('a damaged cache is rebuilt, and entries that a page did not need are removed', async () => {
  const folder = join(root, 'damaged');
  const cache = new PageCache(folder);
  await makeThumbnails(wanted.slice(0, 2), locate, cache);
  const [name] = await readdir(join(folder, cacheFolder));
  await writeFile(join(folder, cacheFolder, name as string), 'damaged');
  await cache.write('features-of-others', [Buffer.from('x')]);
  const next = new PageCache(folder);
  assert.equal((await makeThumbnails(wanted.slice(0, 2), locate, next)).photos.size, 2);
  await next.sweep();
  assert.deepEqual(await readdir(join(folder, cacheFolder)), [name]);
});
