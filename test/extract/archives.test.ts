import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { explainExtract } from '../../src/extract/explain/explain-extract.ts';
import { extract } from '../../src/extract/extract.ts';
import { listImages } from '../../src/extract/images/list/list.ts';
import { imageLocator } from '../../src/extract/images/list/locate.ts';
import { openPixelPipeline } from '../../src/extract/images/pipeline/pipeline.ts';
import { recomputeRows } from '../../src/extract/repair/recompute-rows.ts';
import { IndexTable } from '../../src/features/index/index-table.ts';
import { readState } from '../../src/features/manifest/state.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { verifyFeatureSet } from '../../src/features/repair/verify.ts';
import { PageCache } from '../../src/report/page/cache/page-cache.ts';
import { makeThumbnails } from '../../src/report/page/photos.ts';
import { InterruptedError } from '../../src/system/errors.ts';
import { nodeFiles } from '../../src/system/files.ts';
import { bothSets, extractAll, extractAlone, merge } from '../cluster/part/in-parts.ts';
import { drawTar, drawZip } from '../formats/draw-archive.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { CountingNetwork, drawFolder, drawnRun } from './drawn-data.ts';

const root = temporaryFolder();
const data = join(root, 'photos');
await drawFolder(data, 12);
const files = await filesOf(data);

async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: Record<string, Buffer> = {};
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[relative(folder, path)] = await readFile(path);
  }
  return found;
}

async function packed(name: string, bytes: Buffer): Promise<string> {
  const file = join(root, name);
  await writeFile(file, bytes);
  return file;
}

/** Rows by the sha256 of the image's bytes. */
async function rowsOf(folder: string): Promise<Map<string, readonly number[]>> {
  const set = await openFeatureSet(folder);
  const { data: rows } = await set.readMatrix();
  return new Map(
    Array.from(set.rows, (_, i) => [set.sha256Of(i), [...rows.subarray(i * set.dims, (i + 1) * set.dims)]]),
  );
}

/** With worker threads, which read the archive themselves. Other runs have none: they take longer to start. */
const extra = { openPipeline: openPixelPipeline };

for (const [name, bytes] of [
  ['photos.zip', drawZip(files, { deflate: true })],
  ['stored.zip', drawZip(files)],
  ['photos.tar', drawTar(files)],
] as const) {
  test(`${name} gives the rows, ids and labels of the folder that it was made from`, async () => {
    const archive = await packed(name, bytes);
    const [plain, inside] = [await listImages(data), await listImages(archive)];
    assert.deepEqual(inside.reading, plain.reading);
    assert.deepEqual(
      inside.images.map(({ id, label }) => [id, label]),
      plain.images.map(({ id, label }) => [id, label]),
    );
    const network = new CountingNetwork();
    const folderRun = await extract(drawnRun(data, new CountingNetwork(), { name: `${name}-folder` }));
    const { folder } = await extract(drawnRun(archive, network, { name: 'archive', ...extra }));
    assert.deepEqual(await rowsOf(folder), await rowsOf(folderRun.folder));
    assert.equal(network.imageCount, 12);
    // Unpacked or packed, the bytes are the same: nothing is computed again.
    const again = await extract(drawnRun(archive, network, { name: 'archive' }));
    assert.deepEqual([again.newImages, again.keptImages, network.imageCount], [0, 12, 12]);
  });
}

test('explain finds the images of an archive, and the report their photos', async () => {
  const archive = await packed('seen.zip', drawZip(files, { deflate: true }));
  const run = drawnRun(archive, new CountingNetwork(), { name: 'seen' });
  const { folder } = await extract(run);
  const { toCompute, kept } = await explainExtract({
    ...run,
    context: { ...run.context, network: async () => new CountingNetwork() },
  });
  assert.deepEqual([toCompute, kept], [0, 12]);
  const set = await openFeatureSet(folder);
  assert.equal(set.manifest.madeBy.data, archive);
  const wanted = set.ids.map((id) => ({ id, path: set.pathOf(id), sha256: set.sha256OfId(id) }));
  const { photos, unreadable } = await makeThumbnails(wanted, imageLocator(archive), new PageCache(folder));
  assert.deepEqual([photos.size, unreadable], [12, 0]);
});

test('reads webdataset: KEY.jpg and KEY.cls in shards', async () => {
  const [one, two] = [0, 1].map((shard) =>
    Object.fromEntries(
      Object.values(files)
        .slice(shard * 6, shard * 6 + 6)
        .flatMap((bytes, i) => [
          [`${String(shard * 6 + i).padStart(6, '0')}.png`, bytes],
          [`${String(shard * 6 + i).padStart(6, '0')}.cls`, Buffer.from(`${i % 2}\n`)],
          [`${String(shard * 6 + i).padStart(6, '0')}.json`, Buffer.from('{}')],
        ]),
    ),
  ) as [Record<string, Buffer>, Record<string, Buffer>];
  const single = await listImages(await packed('shard.tar', drawTar(one)));
  assert.deepEqual(single.reading, ['class = the .cls file beside each image: 2 classes: 0, 1']);
  assert.deepEqual(
    single.images.map(({ id, label }) => `${id}: ${label}`),
    ['000000: 0', '000001: 1', '000002: 0', '000003: 1', '000004: 0', '000005: 1'],
  );
  assert.equal(single.leftOut.length, 6);
  const shards = join(root, 'shards');
  await drawFolder(shards, 0);
  await mkdir(shards, { recursive: true });
  await writeFile(join(shards, '0.tar'), drawTar(one));
  await writeFile(join(shards, '1.tar'), drawTar(two));
  const all = await listImages(shards);
  assert.equal(all.images.length, 12);
  assert.equal(all.images[6]?.relativePath, '1.tar/000006.png');
  const { newImages } = await extract(drawnRun(shards, new CountingNetwork()));
  assert.equal(newImages, 12);
});

test('reads a table and its archive of images', async () => {
  const folder = join(root, 'contest');
  await mkdir(folder);
  const images = Object.fromEntries(Object.values(files).map((bytes, i) => [`train/${i}.png`, bytes]));
  await writeFile(join(folder, 'train.zip'), drawZip(images));
  await writeFile(
    join(folder, 'train.csv'),
    `id,label\n${Object.keys(files)
      .map((_, i) => `${i},${i % 3}\n`)
      .join('')}`,
  );
  const { images: found, reading } = await listImages(folder);
  assert.deepEqual([found.length, found[0]?.relativePath], [12, 'train.zip/train/0.png']);
  assert.deepEqual(reading, ['train.csv: id = id, label = label', '3 classes: 0, 1, 2']);
});

test('parts of an archive merge to the set of a single run', async () => {
  const archive = await packed('parts.zip', drawZip(files, { deflate: true }));
  await extractAlone(archive);
  await extractAll(archive, 3);
  await merge(archive, 3);
  // The archive was just written, so runs differ in whether they trust its time.
  const [parts, alone] = (await bothSets(archive)).map((set) => ({ ...set, memory: undefined }));
  assert.deepEqual(parts, alone);
});

test('a stopped run over an archive continues with its rows', async () => {
  const archive = await packed('stopped.tar', drawTar(files));
  const controller = new AbortController();
  const network = new CountingNetwork();
  network.beforeRun = (run) => {
    if (run === 1) controller.abort(new InterruptedError());
  };
  const stopped = drawnRun(archive, network, { signal: controller.signal });
  await assert.rejects(extract(stopped), InterruptedError);
  const { resumedImages, newImages } = await extract(drawnRun(archive, new CountingNetwork()));
  assert.equal(resumedImages, 8);
  assert.equal(newImages, 12 - 8);
});

test('rows of a damaged shard are computed again from the archive', async () => {
  const archive = await packed('repaired.zip', drawZip(files));
  const run = drawnRun(archive, new CountingNetwork(), { name: 'repaired' });
  const { folder } = await extract(run);
  const shard = join(folder, 'features-00000.npy');
  const bytes = await readFile(shard);
  const before = Buffer.from(bytes);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  await writeFile(shard, bytes);
  const state = await readState(nodeFiles, folder);
  assert.ok(state !== undefined);
  const verification = await verifyFeatureSet(folder);
  assert.equal(verification.damagedShards.length, 1);
  const rows = await recomputeRows(folder, state, [new IndexTable(state.index, 12, 1, folder).at(0)], {
    network: async () => new CountingNetwork(),
    batch: 4,
    ...extra,
  });
  assert.equal(rows.size, 1);
  assert.ok(before.length > 0);
});
