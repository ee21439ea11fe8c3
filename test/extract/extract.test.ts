import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type ExtractResult, extract } from '../../src/extract/extract.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { verifyFeatureSet } from '../../src/features/repair/verify.ts';
import { InterruptedError, UserError } from '../../src/system/errors.ts';
import { nodeFiles } from '../../src/system/files.ts';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { CountingNetwork, drawFolder, drawImage, drawnRun, imagePath, type RunChanges } from './drawn-data.ts';

describe('extract', () => {
  const root = temporaryFolder();
  let drawn = 0;

  async function drawData(count: number): Promise<string> {
    const data = join(root, `data-${drawn++}`);
    await drawFolder(data, count);
    return data;
  }

  function run(data: string, network: CountingNetwork, extra: RunChanges = {}): Promise<ExtractResult> {
    return extract(drawnRun(data, network, extra));
  }

  it('keeps one row per image, and computes nothing on a rerun', async () => {
    const data = await drawData(19);
    const first = new CountingNetwork();
    const result = await run(data, first);
    assert.equal(result.newImages, 19);
    assert.deepEqual(first.batches, [4, 4, 4, 4, 3]);
    assert.deepEqual(result.manifest.counts, counts({ kept: 19 }));
    assert.deepEqual(
      result.manifest.shards.map((shard) => shard.rowCount),
      [8, 8, 3],
    );
    const set = await openFeatureSet(result.folder);
    assert.deepEqual([...set.labels.values()].slice(0, 7), Array(7).fill('class-0'));
    const before = await contentsOf(result.folder);
    const second = new CountingNetwork();
    const again = await run(data, second);
    assert.equal(second.opened, 0);
    assert.deepEqual([again.newImages, again.keptImages], [0, 19]);
    assert.deepEqual(await contentsOf(result.folder), before);
  });

  it('records which state dict of a checkpoint was used', async () => {
    const network = Object.assign(new CountingNetwork(), { weightsKey: 'state_dict_ema' });
    const { folder } = await run(await drawData(2), network);
    assert.equal((await openFeatureSet(folder)).manifest.madeBy.weightsKey, 'state_dict_ema');
  });

  it('every row belongs to its image after adding, renaming, moving, relabelling and deleting', async () => {
    const data = await drawData(12);
    await run(data, new CountingNetwork());
    const expected = await rowsById(`${data}-cache/set`);
    await drawImage(join(data, 'class-0/added.png'), 100);
    await rename(join(data, imagePath(3)), join(data, 'class-0/renamed.png'));
    await rename(join(data, imagePath(1)), join(data, 'class-2/moved.png'));
    await rm(join(data, imagePath(5)));
    const network = new CountingNetwork();
    const result = await run(data, network);
    assert.deepEqual(network.batches, [1]);
    assert.deepEqual([result.newImages, result.keptImages], [1, 11]);
    const rows = await rowsById(`${data}-cache/set`);
    assert.equal(rows.size, 12);
    assert.deepEqual(rows.get('class-0/renamed'), expected.get('class-0/image-003'));
    assert.deepEqual(rows.get('class-2/moved'), expected.get('class-1/image-001'));
    assert.equal(rows.get('class-2/image-005'), undefined);
    for (const [id, row] of expected) if (rows.has(id)) assert.deepEqual(rows.get(id), row);
    const set = await openFeatureSet(`${data}-cache/set`);
    assert.equal(set.labels.get('class-2/moved'), 'class-2');
    const fresh = await run(data, new CountingNetwork(), { name: 'fresh' });
    assert.deepEqual(rows, await rowsById(fresh.folder));
  });

  it('runs the network once for files with the same bytes, and lists all but the first', async () => {
    const data = await drawData(6);
    await copyFile(join(data, imagePath(0)), join(data, 'class-2/twin.png'));
    const network = new CountingNetwork();
    const { manifest, folder } = await run(data, network);
    assert.equal(network.imageCount, 6);
    assert.deepEqual(manifest.counts, counts({ kept: 6, duplicate: 1 }));
    const set = await openFeatureSet(folder);
    assert.deepEqual(set.outcomes, [
      {
        id: 'class-2/twin',
        path: 'class-2/twin.png',
        outcome: 'duplicate',
        row: 0,
        reason: 'the same bytes as class-0/image-000',
      },
    ]);
    assert.equal(set.labelled().ids.length, 7);
    await rm(join(data, imagePath(0)));
    const later = new CountingNetwork();
    await run(data, later);
    assert.equal(later.opened, 0, 'the row outlives the file that it was made from');
    assert.equal((await openFeatureSet(folder)).rowOf('class-2/twin'), 0);
  });

  it('warns once of 16-bit grey that Pillow clips; scaling it avoids that, with another fingerprint', async () => {
    const data = await drawData(3);
    for (const name of ['deep.png', 'deep-lzw.tif', 'shallow.png']) {
      await copyFile(join(projectRoot, 'test/fixtures/kinds', name), join(data, 'class-1', name));
    }
    const warnings: string[] = [];
    const onWarning = (line: string): number => warnings.push(line);
    const clipped = await run(data, new CountingNetwork(), { onWarning });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^2 images are grey with 16 bits, .*class-1\/deep-lzw\.tif.*--sixteen-bit scale/);
    const scaled = await run(data, new CountingNetwork(), {
      onWarning,
      name: 'scaled',
      preprocessing: { resize: 40, crop: 32, sixteenBit: 'scale' },
    });
    assert.equal(warnings.length, 1);
    assert.equal(scaled.manifest.fields.preprocessing.sixteenBit, 'scale');
    assert.notEqual(scaled.manifest.fingerprint, clipped.manifest.fingerprint);
  });

  it('stops at a broken file with its name, keeps its rows, and records the file with --skip-unreadable', async () => {
    const data = await drawData(9);
    await writeFile(join(data, 'class-2/zz-broken.png'), 'not an image');
    const network = new CountingNetwork();
    await assert.rejects(run(data, network), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /zz-broken\.png/);
      assert.match(error.message, /--skip-unreadable/);
      return true;
    });
    await assert.rejects(openFeatureSet(`${data}-cache/set`), /not finished/);
    const later = new CountingNetwork();
    const { manifest, resumedImages } = await run(data, later, { skipUnreadable: true });
    assert.equal(resumedImages, network.imageCount);
    assert.equal(network.imageCount + later.imageCount, 9);
    assert.deepEqual(manifest.counts, counts({ kept: 9, unreadable: 1 }));
  });

  it('continues after an interruption at any batch, to the bytes of an uninterrupted run', async () => {
    const data = await drawData(22);
    const whole = await run(data, new CountingNetwork());
    const expected = await contentsOf(whole.folder);
    for (let stopAt = 0; stopAt < 6; stopAt++) {
      const controller = new AbortController();
      const network = new CountingNetwork();
      network.beforeRun = (count) => {
        if (count === stopAt) controller.abort(new InterruptedError());
      };
      const name = `stopped-${stopAt}`;
      const stopped = run(data, network, { name, signal: controller.signal });
      if (stopAt < 5) {
        await assert.rejects(stopped, (error) => {
          assert.ok(error instanceof InterruptedError);
          assert.match(error.message, /go on: featuretap extract/);
          return true;
        });
      } else await stopped.catch(() => undefined);
      const later = new CountingNetwork();
      const { folder } = await run(data, later, { name });
      assert.equal(network.imageCount + later.imageCount, 22, 'no image runs twice');
      assert.deepEqual(await contentsOf(folder), expected);
    }
  });

  it('readers see a complete set at every moment of a run that changes it', async () => {
    const data = await drawData(9);
    const { folder } = await run(data, new CountingNetwork());
    let running = true;
    let reads = 0;
    const seen = new Set<number>();
    const reader = async (): Promise<void> => {
      while (running) {
        const set = await openFeatureSet(folder);
        const { rowCount } = await set.readMatrix();
        assert.equal(rowCount, set.ids.length);
        assert.equal(set.labelled().ids.length, rowCount);
        seen.add(rowCount);
        reads++;
      }
    };
    const readers = reader();
    for (let i = 0; i < 6; i++) {
      await drawImage(join(data, `class-0/added-${i}.png`), 300 + i);
      if (i % 2 === 1) await rm(join(data, imagePath(i)));
      await run(data, new CountingNetwork(), { files: nodeFiles });
    }
    running = false;
    await readers;
    assert.ok(reads > 6, `${reads} reads`);
    assert.ok(
      [...seen].every((count) => count >= 9 && count <= 12),
      [...seen].join(),
    );
  });

  it('never mixes or overwrites rows with another fingerprint', async () => {
    const data = await drawData(5);
    const first = await run(data, new CountingNetwork());
    const before = await contentsOf(first.folder);
    const other = new CountingNetwork('other weights');
    await assert.rejects(run(data, other), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /weightsSha256: .* -> /);
      assert.match(error.message, /--name OTHER/);
      return true;
    });
    assert.deepEqual(await contentsOf(first.folder), before);
    const { manifest } = await run(data, other, { replace: true });
    assert.equal(manifest.fields.weightsSha256, other.weightsSha256);
    assert.equal(other.imageCount, 5);
    assert.deepEqual(
      (await readdir(first.folder)).filter((file) => file.endsWith('.npy')),
      manifest.shards.map((shard) => shard.file),
    );
  });

  it('prunes the rows of deleted images, and no other row changes', async () => {
    const data = await drawData(20);
    await copyFile(join(data, imagePath(19)), join(data, 'class-2/zz-twin.png'));
    await run(data, new CountingNetwork());
    const before = await rowsById(`${data}-cache/set`);
    for (const i of [0, 7, 8, 15]) await rm(join(data, imagePath(i)));
    const dropped = await run(data, new CountingNetwork());
    assert.deepEqual([dropped.manifest.rowCount, dropped.manifest.imageCount], [20, 16]);
    const network = new CountingNetwork();
    const opened = await openFeatureSet(dropped.folder);
    const { manifest, folder } = await run(data, network, { prune: true });
    assert.equal(network.opened, 0);
    assert.deepEqual(
      manifest.shards.map((shard) => shard.rowCount),
      [8, 8],
    );
    const after = await rowsById(folder);
    assert.equal(after.size, 16);
    for (const [id, row] of after) assert.deepEqual(row, before.get(id), id);
    const set = await openFeatureSet(folder);
    assert.equal(set.rowOf('class-2/zz-twin'), set.rowOf('class-1/image-019'));
    assert.deepEqual((await verifyFeatureSet(folder)).problems, []);
    assert.equal((await readdir(folder)).filter((file) => file.endsWith('.npy')).length, 2);
    await assert.rejects(opened.readMatrix(), /rewritten while it was being read[\s\S]*run the command again/);
  });

  it('rejects an engine whose canary is off by more than the tolerance, and accepts one within it', async () => {
    const data = await drawData(5);
    const { folder } = await run(data, new CountingNetwork());
    const before = await contentsOf(folder);
    await drawImage(join(data, 'class-0/added.png'), 100);
    const off = new CountingNetwork();
    off.scale = 1.002;
    await assert.rejects(run(data, off), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /off by 2\.0e-3 on onnx 0, cpu[\s\S]*--engine onnx --device cpu/);
      return true;
    });
    assert.deepEqual(await contentsOf(folder), before);
    const close = new CountingNetwork();
    close.scale = 1.0005;
    const { manifest } = await run(data, close);
    assert.equal(manifest.imageCount, 6);
    // The canary stays that of the first engine, so that small differences do not add up.
    const drifting = new CountingNetwork();
    drifting.scale = 1.0015;
    await drawImage(join(data, 'class-0/another.png'), 101);
    await assert.rejects(run(data, drifting), /off by 1\.5e-3/);
  });

  it('--replace computes a damaged set again', async () => {
    const data = await drawData(6);
    const { folder } = await run(data, new CountingNetwork());
    await writeFile(join(folder, 'manifest.json'), '{');
    await assert.rejects(run(data, new CountingNetwork()), /a manifest is damaged/);
    const network = new CountingNetwork();
    await run(data, network, { replace: true });
    assert.equal(network.imageCount, 6);
    assert.deepEqual((await verifyFeatureSet(folder)).problems, []);
    await rm(join(folder, 'features-00001.npy'));
    await assert.rejects(run(data, new CountingNetwork()), /shard[\s\S]*missing[\s\S]*verify/);
  });

  it('rounds float16 rows once', async () => {
    const data = await drawData(10);
    const full = await rowsById((await run(data, new CountingNetwork(), { name: 'full' })).folder);
    const half = await rowsById((await run(data, new CountingNetwork(), { name: 'half', dtype: 'float16' })).folder);
    for (const [id, row] of full) {
      for (const [i, value] of row.entries()) {
        assert.ok(Math.abs((half.get(id)?.[i] as number) - value) <= Math.abs(value) * 2 ** -11, `${id} ${i}`);
      }
    }
  });
});

function counts(some: Partial<ExtractResult['manifest']['counts']>): ExtractResult['manifest']['counts'] {
  const { kept = 0, duplicate = 0, missing = 0, unreadable = 0, failed = 0 } = some;
  return { kept, duplicate, missing, unreadable, failed, total: kept + duplicate + missing + unreadable + failed };
}

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder)).filter((file) => file !== '.run').sort();
  const contents: Record<string, string> = {};
  for (const file of files) contents[file] = (await readFile(join(folder, file))).toString('base64');
  return contents;
}

async function rowsById(folder: string): Promise<Map<string, number[]>> {
  const set = await openFeatureSet(folder);
  const { data } = await set.readMatrix();
  return new Map(set.ids.map((id, i) => [id, [...data.subarray(i * set.dims, (i + 1) * set.dims)]]));
}
