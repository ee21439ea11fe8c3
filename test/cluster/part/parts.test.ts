import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { memoryFolder } from '../../../scripts/memory-folder.ts';
import { PartsMissingError } from '../../../src/cluster/merge/part-problems.ts';
import { arrayExpression } from '../../../src/cluster/plan/array-expression.ts';
import { partOf } from '../../../src/cluster/records/part.ts';
import { readStatus } from '../../../src/cluster/status/status.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { verifyFeatureSet } from '../../../src/features/repair/verify.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { CountingNetwork, drawFolder, drawImage } from '../../extract/drawn-data.ts';
import { FaultyFiles } from '../../features/run/faulty-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { bothSets, extractAll, extractAlone, extractOne, merge } from './in-parts.ts';

describe('parts after failures', () => {
  const root = temporaryFolder(memoryFolder());
  let drawn = 0;
  before(() => {
    // A day on, as in the test of merge: the times of files have settled.
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 });
  });
  after(() => mock.timers.reset());

  async function drawData(count: number): Promise<string> {
    const data = join(root, `data-${drawn++}`);
    await drawFolder(data, count);
    return data;
  }

  const partPath = (data: string, name: string): string => join(`${data}-cache`, 'parts', '.parts', name);

  async function flipBit(path: string, at: number): Promise<void> {
    const file = await open(path, 'r+');
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, at);
    await file.write(Uint8Array.of((byte[0] as number) ^ 1), 0, 1, at);
    await file.close();
  }

  /** Stops part `index` after its first batch, as Ctrl-C and SIGTERM do. */
  async function interrupt(data: string, index: number, count: number): Promise<void> {
    const controller = new AbortController();
    const network = new CountingNetwork();
    network.beforeRun = (run) => {
      if (run === 0) controller.abort(new InterruptedError());
    };
    const extra = { network: async () => network, signal: controller.signal };
    await assert.rejects(extractOne(data, index, count, extra), InterruptedError);
  }

  async function counted(data: string, index: number, count: number) {
    const network = new CountingNetwork();
    const result = await extractOne(data, index, count, { network: async () => network });
    return { ...result, computed: network.imageCount, opened: network.opened };
  }

  it('a complete part is not computed again, and opens no network', async () => {
    const data = await drawData(12);
    const first = await counted(data, 1, 2);
    assert.equal(first.wasComplete, false);
    const second = await counted(data, 1, 2);
    assert.deepEqual([second.wasComplete, second.opened, second.newImages], [true, 0, 0]);
    assert.deepEqual(second.record, first.record);
  });

  it('a part is a complete feature set, and every verb accepts it', async () => {
    const data = await drawData(14);
    const { record } = await extractOne(data, 0, 2);
    const folder = partPath(data, '0-of-2/0001');
    assert.deepEqual((await verifyFeatureSet(folder)).problems, []);
    const set = await openFeatureSet(folder);
    assert.equal(set.imageCount, record.counts.kept);
    assert.equal(set.manifest.sha256, record.manifestSha256);
    const whole = await openFeatureSet((await extractAlone(data)).folder);
    for (const [i, id] of set.ids.entries()) {
      const rows = [set.rows[i], whole.rowOf(id)] as [number, number];
      assert.deepEqual((await set.readMatrix([rows[0]])).data, (await whole.readMatrix([rows[1]])).data);
      assert.equal(set.labels.get(id), whole.labels.get(id));
    }
  });

  it('a part that is killed anywhere continues with every row that was on the disk', async () => {
    const data = await drawData(9);
    await extractAlone(data);
    await extractOne(data, 0, 2);
    let published = 0;
    for (let place = 0; ; place++) {
      await rm(partPath(data, '1-of-2'), { recursive: true, force: true });
      const files = new FaultyFiles(place, 'crash');
      const done = await extractOne(data, 1, 2, { files }).then(
        () => true,
        () => false,
      );
      const left = await readdir(partPath(data, '1-of-2'), { recursive: true }).catch(() => []);
      for (const name of left) if (/lock-[^/]*$/.test(name)) await rm(partPath(data, join('1-of-2', name)));
      const { computed, record } = await counted(data, 1, 2);
      const states = (await readdir(partPath(data, '1-of-2'))).sort();
      assert.deepEqual(states, ['0001'], `killed at change ${place}`);
      const wasThere = left.some((name) => /attempt-[^/]*\/manifest\.json$|^0001\/manifest\.json$/.test(name));
      if (wasThere) assert.equal(computed, 0, `killed at change ${place}, behind the last row`);
      published += Number(wasThere);
      assert.ok(computed <= record.counts.kept);
      if (done) break;
    }
    assert.ok(published > 5, String(published));
    await merge(data, 2);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('a stopped part continues with its rows', async () => {
    const data = await drawData(30);
    await extractAlone(data);
    await interrupt(data, 0, 2);
    const { computed, resumedImages, record } = await counted(data, 0, 2);
    assert.equal(resumedImages, 4);
    assert.equal(computed, record.counts.kept - 4);
    await extractOne(data, 1, 2);
    await merge(data, 2);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('a part whose machine died continues elsewhere, without the old lock and with its rows', async () => {
    const data = await drawData(30);
    await extractAlone(data);
    await interrupt(data, 0, 2);
    const [attempt = ''] = (await readdir(partPath(data, '0-of-2'))).filter((name) => name.startsWith('attempt-'));
    const owner = { host: 'gone', pid: 1, pidSpace: 'x', started: 'x', command: 'extract', state: 'held' };
    const lock = partPath(data, join('0-of-2', attempt, '.run', 'lock-gone-1-0.json'));
    await writeFile(lock, JSON.stringify(owner));
    const { computed, resumedImages, record } = await counted(data, 0, 2);
    assert.equal(resumedImages, 4);
    assert.equal(computed, record.counts.kept - 4);
    const left = (await readdir(partPath(data, '0-of-2'))).filter((name) => name.startsWith('attempt-'));
    assert.deepEqual(left, [], 'nothing of the attempts is left');
    await extractOne(data, 1, 2);
    await merge(data, 2);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('running one part several times at once does no harm', async () => {
    const data = await drawData(20);
    await extractAlone(data);
    const runs = [0, 0, 0, 1, 1].map((index) => extractOne(data, index, 2));
    for (const { record } of await Promise.all(runs)) assert.ok(record.counts.kept > 0);
    await merge(data, 2);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('merge lists every missing or damaged part, and only those are computed again', async () => {
    const data = await drawData(40);
    await extractAlone(data);
    await extractAll(data, 8);
    await rm(partPath(data, '0-of-8'), { recursive: true });
    await flipBit(partPath(data, '2-of-8/0001/features-00000.npy'), 140);
    await flipBit(partPath(data, '3-of-8/0001/inputs.csv'), 100);
    await flipBit(partPath(data, '4-of-8/0001/part.json'), 40);
    await rm(partPath(data, '7-of-8/0001/features-00000.npy'));
    const missing = (error: unknown, array: string): boolean => {
      assert.ok(error instanceof PartsMissingError);
      assert.equal(error.array, array);
      assert.match(error.message, new RegExp(`--array=${array}`));
      return true;
    };
    await assert.rejects(merge(data, 8), (error) => missing(error, '0,4'));
    for (const index of [0, 4]) assert.ok((await counted(data, index, 8)).computed > 0);
    await assert.rejects(merge(data, 8), (error) => missing(error, '2-3,7'));
    await assert.rejects(openFeatureSet(join(`${data}-cache`, 'parts')), /not finished|no feature set/);
    for (let index = 0; index < 8; index++) {
      const { computed } = await counted(data, index, 8);
      assert.equal(computed > 0, [2, 3, 7].includes(index), `part ${index}`);
    }
    await merge(data, 8);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('parts with another fingerprint are rejected, and computed again with --replace', async () => {
    const data = await drawData(16);
    await extractAlone(data);
    await extractAll(data, 3);
    const other = new CountingNetwork('others');
    await assert.rejects(extractOne(data, 1, 3, { network: async () => other }), /weightsSha256/);
    await extractOne(data, 1, 3, { network: async () => other, replace: true });
    await assert.rejects(merge(data, 3), /part 1: another fingerprint than the others \(weightsSha256/);
    await extractOne(data, 1, 3, { replace: true });
    await merge(data, 3);
    assert.deepEqual(...(await bothSets(data)));
  });

  it('a network that gives other numbers is detected', async () => {
    const data = await drawData(16);
    await extractOne(data, 0, 2);
    const other = new CountingNetwork();
    other.scale = 1.1;
    await extractOne(data, 1, 2, { network: async () => other });
    await assert.rejects(merge(data, 2), /part 1: this engine does not reproduce the feature set/);
  });

  it('files added between parts: the data folder tells which parts must run again', async () => {
    const data = await drawData(18);
    await extractAll(data, 4);
    await drawImage(join(data, 'class-1/added.png'), 77);
    await assertOthersDone();
    await extractAlone(data);
    await merge(data, 4);
    assert.deepEqual(...(await bothSets(data)));

    async function assertOthersDone(): Promise<void> {
      // One part runs again, but the wrong one; then the one that merge names.
      let array = '';
      for (let index = 0; index < 4 && array === ''; index++) {
        await extractOne(data, index, 4);
        await merge(data, 4, { keepParts: true }).catch((error) => {
          assert.ok(error instanceof PartsMissingError);
          assert.match(error.message, /its images have changed/);
          array = error.array;
        });
      }
      if (array !== '') assert.equal((await counted(data, Number(array), 4)).computed, 1);
    }
  });

  it('a second merge after the parts were deleted changes nothing; with another number of parts it fails', async () => {
    const data = await drawData(9);
    await extractAll(data, 3);
    const { manifest } = await merge(data, 3);
    const again = await merge(data, 3);
    assert.deepEqual([again.newImages, again.keptImages, again.manifest], [0, 9, manifest]);
    await assert.rejects(merge(data, 4), PartsMissingError);
    await extractOne(data, 0, 3);
    await assert.rejects(merge(data, 3), PartsMissingError, 'parts are being made again');
  });

  it('a merge that is killed anywhere leaves parts from which the next one makes the set', async () => {
    const data = await drawData(7);
    await extractAlone(data);
    await extractAll(data, 2);
    const isWhole = async (files: FaultyFiles, keepParts: boolean): Promise<boolean> => {
      const done = await merge(data, 2, { files, keepParts }).then(
        () => true,
        () => false,
      );
      const run = join(`${data}-cache`, 'parts', '.run');
      for (const name of await readdir(run).catch(() => [])) if (name.startsWith('lock-')) await rm(join(run, name));
      return done;
    };
    let merges = 0;
    while (!(await isWhole(new FaultyFiles(merges, 'crash'), true))) {
      merges++;
      if (merges % 7 === 0) await rm(join(`${data}-cache`, 'parts', 'manifest.json'), { force: true });
    }
    assert.ok(merges > 5, String(merges));
    const ofParts = (operation: string, path: string): boolean =>
      operation === 'removeFolder' || path.endsWith('merged-parts');
    let removals = 0;
    while (removals < 9 && !(await isWhole(new FaultyFiles(removals, 'crash', ofParts), false))) removals++;
    assert.equal(removals, 3, 'kills while the parts are taken away');
    assert.ok(!existsSync(join(`${data}-cache`, 'parts', '.run', 'merged-parts')));
    assert.deepEqual(...(await bothSets(data)));
  });

  it('merge rejects parts without the fingerprint that it is given', async () => {
    const data = await drawData(9);
    await extractAll(data, 3);
    await assert.rejects(merge(data, 3, { asked: { crop: 9, tap: 'avgpool' } }), /found: {4}crop: 8, not 9\n/);
    await merge(data, 3, { asked: { crop: 8, tap: 'avgpool', views: 0, weights: 'random' } });
  });

  it('a set with another fingerprint is not overwritten, and replaced with --replace', async () => {
    const data = await drawData(10);
    const other = new CountingNetwork('others');
    await extractAlone(data, { network: async () => other });
    await extractAlone(data, { name: 'parts', network: async () => other });
    await assert.rejects(extractOne(data, 0, 2), /another fingerprint/);
    await extractAll(data, 2, { replace: true });
    await assert.rejects(merge(data, 2), /another fingerprint/);
    await extractAlone(data, { replace: true });
    await merge(data, 2, { replace: true });
    assert.deepEqual(...(await bothSets(data)));
  });

  it('status reads from the folder which parts are done, failed, stopped or waiting, and why', async () => {
    const data = await drawData(48);
    const set = join(`${data}-cache`, 'parts');
    await assert.rejects(readStatus(set), /has no parts\n[\s\S]*extract --name parts --cache \S+-cache --part 0\/8$/);
    await mkdir(set, { recursive: true });
    await writeFile(join(set, 'manifest.json'), '{}');
    await assert.rejects(readStatus(set), /not extracted in parts\n[\s\S]*verify --features \S+parts$/);
    await rm(set, { recursive: true });
    await writeFile(join(data, 'class-0/broken.png'), 'no image');
    const failing = partOf('class-0/broken', 4);
    const [done = 0, stopped = 0, waiting = 0] = [0, 1, 2, 3].filter((index) => index !== failing);
    const { record } = await extractOne(data, done, 4);
    await interrupt(data, stopped, 4);
    await assert.rejects(extractOne(data, failing, 4), /an image cannot be read/);
    const status = await readStatus(set);
    assert.deepEqual([status.partCount, status.done, status.rows], [4, 1, record.counts.kept]);
    assert.deepEqual([status.failed, status.stopped, status.waiting], [[failing], [stopped], [waiting]]);
    assert.equal(status.array, arrayExpression([0, 1, 2, 3].filter((index) => index !== done)));
    assert.equal(status.inputs, 49);
    assert.deepEqual(status.failures, [{ reason: 'an image cannot be read', inputs: 0, parts: [failing] }]);
    for (const index of [stopped, failing, waiting]) await extractOne(data, index, 4, { skipUnreadable: true });
    const later = await readStatus(set);
    assert.deepEqual([later.done, later.rows, later.inputsDone, later.array], [4, 48, 49, '']);
    assert.deepEqual(
      later.failures.map(({ inputs, parts }) => [inputs, parts]),
      [[1, []]],
    );
    await rename(partPath(data, '0-of-4'), partPath(data, '0-of-9'));
    await assert.rejects(readStatus(set), /parts of 4 and of 9/);
    assert.deepEqual((await readStatus(set, 4)).waiting, [0]);
  });
});
