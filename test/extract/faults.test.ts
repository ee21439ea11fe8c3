import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { memoryFolder } from '../../scripts/memory-folder.ts';
import { type ExtractResult, extract } from '../../src/extract/extract.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { verifyFeatureSet } from '../../src/features/repair/verify.ts';
import { DiskFullError } from '../../src/system/durable.ts';
import { UserError } from '../../src/system/errors.ts';
import type { Files } from '../../src/system/files.ts';
import { FaultyFiles, quickFiles, SmallDisk } from '../features/run/faulty-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { CountingNetwork, drawFolder, drawImage, drawnRun, imagePath, type RunChanges } from './drawn-data.ts';

/**
 * With FEATURETAP_FAULTS=all a kill or fault at every change of the disk; else at every third, which covers each step
 * of a file (write, flush, rename, flush of the folder) in turn.
 */
const step = process.env['FEATURETAP_FAULTS'] === 'all' ? 1 : 3;

describe('extract on a failing disk', () => {
  const root = temporaryFolder(memoryFolder());
  let data = '';
  let sets = 0;
  /** Contents of the set after an uninterrupted run over the folder. */
  let expected: Record<string, string> = {};
  const imageCount = 5;

  before(async () => {
    data = join(root, 'data');
    await drawFolder(data, imageCount);
    expected = contentsOf((await run('expected')).folder);
  });

  function run(name: string, extra: RunChanges = {}): Promise<ExtractResult> {
    // Shards of 4 rows: two batches, with a checkpoint after each.
    const changes = { name, cache: join(root, 'cache'), batch: 2, shardBytes: 64, ...extra };
    return extract(drawnRun(data, new CountingNetwork(), changes));
  }

  /** A killed process leaves its lock; here that process is the present one, which is alive. */
  async function releaseLocks(name: string): Promise<void> {
    const folder = join(root, 'cache', name, '.run');
    for (const file of await readdir(folder).catch(() => [])) {
      if (file.startsWith('lock-')) await rm(join(folder, file));
    }
  }

  /** Runs with a kill at change 0, then one step later, and so on until a run completes; continues after each. */
  async function killEverywhere(prepare: (name: string) => Promise<string>): Promise<number> {
    let clean: ExtractResult | undefined;
    for (let at = 0; ; at += step) {
      const name = `killed-${sets++}`;
      const folder = join(root, 'cache', name);
      const dataFolder = await prepare(name);
      const before = await openFeatureSet(folder, quickFiles).catch(() => undefined);
      const files = new FaultyFiles(at, 'crash');
      await run(name, { data: dataFolder, files }).catch(() => undefined);
      const seen = await openFeatureSet(folder, quickFiles).catch((error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, /not finished|no feature set/);
        return undefined;
      });
      // A reader sees the complete old set or the complete new one.
      if (seen !== undefined) await seen.readMatrix();
      else assert.equal(before, undefined, `at change ${at} the old state is gone`);
      await releaseLocks(name);
      const { manifest } = await run(name, { data: dataFolder });
      assert.deepEqual((await verifyFeatureSet(folder, quickFiles)).problems, []);
      assert.deepEqual(sparesOf(folder), tablesOf(folder), `killed at change ${at}`);
      clean ??= await run(`clean-${name}`, { data: dataFolder });
      assert.equal(manifest.imageCount, clean.manifest.imageCount);
      if (before === undefined) assert.deepEqual(contentsOf(folder), expected, `killed at change ${at}`);
      else assert.deepEqual(await rowsById(folder), await rowsById(clean.folder), `killed at change ${at}`);
      if (!files.crashed) return at;
      await rm(folder, { recursive: true });
    }
  }

  it('a first run that is killed anywhere ends with the same bytes after the next one', async () => {
    const kills = await killEverywhere(async () => data);
    assert.ok(kills > 40, `${kills} places to be killed at`);
  });

  it('a later run that is killed anywhere leaves the old set readable until the new one is complete', async () => {
    const grown = join(root, 'grown');
    await cp(data, grown, { recursive: true });
    for (let i = imageCount; i < imageCount + 3; i++) await drawImage(join(grown, imagePath(i)), i);
    await rm(join(grown, imagePath(1)));
    const start = (await run('start')).folder;
    const kills = await killEverywhere(async (name) => {
      await cp(start, join(root, 'cache', name), { recursive: true });
      return grown;
    });
    assert.ok(kills > 30, `${kills} places to be killed at`);
  });

  for (const fault of ['ENOSPC', 'EIO'] as const) {
    it(`ends with one clear message at any ${fault}, and continues after it`, async () => {
      let failures = 0;
      // Both faults are handled alike, so the second is tried in fewer places. A file takes three steps here: every
      // second change covers them.
      for (let at = 0; ; at += fault === 'ENOSPC' ? Math.min(step, 2) : step + 1) {
        const name = `failing-${sets++}`;
        const files = new FaultyFiles(at, fault, (operation) => ['write', 'sync', 'rename'].includes(operation));
        const failed = await run(name, { files }).then(
          () => undefined,
          (error) => error,
        );
        if (failed !== undefined) {
          assert.ok(failed instanceof UserError, String(failed));
          assert.match(
            failed.message,
            fault === 'EIO' ? /the disk failed to write/ : /the disk is full[\s\S]*4\.1 kB free[\s\S]*for this file/,
          );
          failures++;
        }
        await releaseLocks(name);
        const { folder } = await run(name);
        assert.deepEqual(contentsOf(folder), expected);
        await rm(folder, { recursive: true });
        if (files.changes <= at) break;
      }
      assert.ok(failures > 10, `${failures} failures`);
    });
  }

  it('reports how much space the rest of the run needs, and continues when there is enough', async () => {
    // Space for the lock and the first shard.
    const files = new SmallDisk(2000);
    let bytesToFinish = 0;
    await assert.rejects(run('small', { files }), (error) => {
      assert.ok(error instanceof DiskFullError, String(error));
      const kB = /for this file, about ([\d.]+) kB to finish/.exec(error.message)?.[1];
      bytesToFinish = Number(kB) * 1000;
      return true;
    });
    // The message rounds to 100 bytes.
    files.limit = files.used + bytesToFinish + 50;
    const { folder } = await run('small', { files });
    assert.deepEqual(contentsOf(folder), expected);
  });

  it('writes complete files to a disk that accepts few bytes at a time', async () => {
    const files: Files = {
      ...quickFiles,
      open: async (path, flags) => {
        const file = await quickFiles.open(path, flags);
        return {
          ...file,
          read: (buffer, offset, length, position) => file.read(buffer, offset, Math.min(length, 7), position),
          write: (buffer, offset, length) => file.write(buffer, offset, Math.min(length, 5)),
        };
      },
    };
    const { folder } = await run('short', { files });
    assert.deepEqual(contentsOf(folder), expected);
    assert.equal((await (await openFeatureSet(folder, files)).readMatrix()).rowCount, imageCount);
  });
});

async function rowsById(folder: string): Promise<Map<string, number[]>> {
  const set = await openFeatureSet(folder, quickFiles);
  const { data } = await set.readMatrix();
  return new Map([...set.ids.entries()].map(([i, id]) => [id, [...data.subarray(i * set.dims, (i + 1) * set.dims)]]));
}

/** Manifest and tables, and their copies under `.run/`. */
function tablesOf(folder: string, place = ''): readonly string[] {
  const tables = ['manifest.json', 'index.csv', 'labels.csv', 'outcomes.csv'];
  return tables.map((table) => readFileSync(join(folder, place + table), 'utf8'));
}

function sparesOf(folder: string): readonly string[] {
  return tablesOf(folder, '.run/spare-');
}

function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder).filter((name) => name !== '.run');
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(folder, file)).toString('base64')]));
}
