import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { removeUnfinished } from '../../../src/features/run/journal.ts';
import { takeLock } from '../../../src/features/run/lock.ts';
import { nodeFiles } from '../../../src/system/files.ts';
import { openUnfinished } from '../../../src/system/writers/unfinished.ts';
import { childSource } from '../../child-source.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

describe('takeLock', () => {
  const folder = temporaryFolder();
  before(async () => {
    await mkdir(join(folder, '.run'));
  });

  it('rejects a second holder, with the process and command of the first, until it is released', async () => {
    const first = await takeLock(nodeFiles, folder, 'featuretap extract --data one');
    await assert.rejects(takeLock(nodeFiles, folder, 'featuretap extract --data two'), (error: Error) => {
      assert.match(error.message, new RegExp(`process ${process.pid} on this machine: featuretap extract --data one`));
      return true;
    });
    await first.release();
    await (await takeLock(nodeFiles, folder, 'third')).release();
    assert.deepEqual(await readdir(join(folder, '.run')), []);
  });

  it('is taken over from a killed process', async () => {
    const source = `
      import { nodeFiles } from './src/system/files.ts';
      import { takeLock } from './src/features/run/lock.ts';
      await takeLock(nodeFiles, ${JSON.stringify(folder)}, 'to be killed');
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, childSource(source), {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await assert.rejects(
      takeLock(nodeFiles, folder, 'while it lives'),
      new RegExp(`process ${child.pid} .*to be killed`),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await takeLock(nodeFiles, folder, 'after')).release();
  });

  it('the next run removes the unfinished announcement of a killed process, not of a running one', async () => {
    const path = join(folder, '.run', 'lock-announced.json');
    const source = `
      import { nodeFiles } from './src/system/files.ts';
      import { openUnfinished } from './src/system/writers/unfinished.ts';
      await openUnfinished(nodeFiles, ${JSON.stringify(path)});
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, childSource(source), {
      cwd: projectRoot,
      stdio: 'inherit',
    });
    await once(child, 'exit');
    assert.equal((await readdir(join(folder, '.run'))).length, 1);
    const mine = await openUnfinished(nodeFiles, path);
    await removeUnfinished(nodeFiles, folder);
    assert.deepEqual(await readdir(join(folder, '.run')), [basename(mine.path)]);
    await mine.file.close();
    await rm(mine.path);
    mine.done();
  });

  it('is taken over where the number of a dead process belongs to another one now', async () => {
    const owner = { host: hostname(), pid: process.pid, started: 'another boot 1', command: 'old', state: 'held' };
    const { readlinkSync } = await import('node:fs');
    const pidSpace = process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : '';
    const path = join(folder, '.run', 'lock-old.json');
    await writeFile(path, JSON.stringify({ ...owner, pidSpace }));
    await (await takeLock(nodeFiles, folder, 'new')).release();
    assert.deepEqual(await readdir(join(folder, '.run')), []);
  });

  it('the lock of another machine is kept, and the error names the file to delete', async () => {
    const path = join(folder, '.run', 'lock-far.json');
    const owner = { host: 'far-away', pid: 1, pidSpace: '', started: '', command: 'featuretap extract', state: 'held' };
    await writeFile(path, JSON.stringify(owner));
    await assert.rejects(takeLock(nodeFiles, folder, 'here'), /process 1 on far-away[\s\S]*delete .*lock-far\.json/);
    await rm(path);
  });

  it('of many runs that start at once exactly one gets it', async () => {
    let holders = 0;
    let most = 0;
    let held = 0;
    const contender = async (): Promise<void> => {
      const lock = await takeLock(nodeFiles, folder, 'contender').catch(() => undefined);
      if (lock === undefined) return;
      held++;
      holders++;
      most = Math.max(most, holders);
      await new Promise((resolve) => setTimeout(resolve, 5));
      holders--;
      await lock.release();
    };
    for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 6 }, contender));
    assert.equal(most, 1);
    assert.ok(held >= 5);
  });
});
