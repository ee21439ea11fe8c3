import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { takeMergeLock } from '../../../src/cluster/merge/merge-lock.ts';
import { nodeFiles } from '../../../src/system/files.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';

describe('the lock of a merge', () => {
  let set = '';
  const options = { command: 'featuretap merge', beatMs: 5 };
  beforeEach(async () => {
    set = await mkdtemp(join(tmpdir(), 'featuretap-merge-lock-'));
    await mkdir(join(set, '.run'));
  });
  afterEach(() => rm(set, { recursive: true }));

  /** The lock of a process on another machine, and how often it has been renewed. */
  async function holdElsewhere(count?: number): Promise<void> {
    const owner = { host: 'gone', pid: 7, pidSpace: '', started: '', command: 'featuretap merge', state: 'held' };
    await writeFile(join(set, '.run', 'lock-gone-7-0.json'), JSON.stringify(owner));
    if (count === undefined) return;
    await writeFile(join(set, '.run', 'merging.json'), JSON.stringify({ host: 'gone', pid: 7, token: 'a', count }));
  }

  it('is taken over from a merge on a machine that died, and leaves no file', async () => {
    await holdElsewhere(3);
    const lock = await takeMergeLock(quickFiles, set, options);
    await lock.assertHeld();
    await lock.release();
    assert.deepEqual(await readdir(join(set, '.run')), []);
  });

  it('is not taken over from a merge on another machine that renews it', async () => {
    await holdElsewhere(0);
    // It is renewed between any two checks.
    let count = 1;
    const files = {
      ...nodeFiles,
      open: async (path: string, flags: 'r' | 'w' | 'wx') => {
        if (path.endsWith('merging.json')) await holdElsewhere(count++);
        return nodeFiles.open(path, flags);
      },
    };
    await assert.rejects(takeMergeLock(files, set, options), /another process is writing[\s\S]*on gone/);
  });

  it('is not taken over from another command on another machine, whose state is unknown', async () => {
    await holdElsewhere();
    await assert.rejects(takeMergeLock(quickFiles, set, options), /delete .*lock-gone-7-0\.json/);
  });

  it('a merge that lost its lock because it seemed dead stops before it publishes', async () => {
    const lock = await takeMergeLock(quickFiles, set, { ...options, beatMs: 60_000 });
    await lock.assertHeld();
    await writeFile(join(set, '.run', 'merging.json'), JSON.stringify({ host: 'x', pid: 1, token: 'b', count: 0 }));
    await assert.rejects(lock.assertHeld(), /another merge considered this one dead/);
    await lock.release();
  });
});
