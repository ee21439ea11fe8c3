import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitForParts } from '../../../src/cluster/merge/wait-for-parts.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { nodeFiles } from '../../../src/system/files.ts';

test('waiting ends with the last part, and an interrupt reports which parts are missing', async () => {
  const set = await mkdtemp(join(tmpdir(), 'featuretap-wait-'));
  try {
    const complete = (part: number): Promise<unknown> =>
      mkdir(join(set, `.parts/${part}-of-5/0001`), { recursive: true });
    await Promise.all([complete(0), complete(3)]);
    const cut = new AbortController();
    const notes: string[] = [];
    const onNote = (line: string): void => {
      notes.push(line);
      cut.abort();
    };
    const waiting = waitForParts(nodeFiles, set, 5, { command: 'featuretap merge', signal: cut.signal, onNote });
    await assert.rejects(waiting, InterruptedError);
    assert.deepEqual(notes, ['2 of 5 parts are complete; waiting for the others', 'not complete: --array=1-2,4']);
    await Promise.all([complete(1), complete(2), complete(4)]);
    await waitForParts(nodeFiles, set, 5, {
      command: 'featuretap merge',
      onNote: () => assert.fail('nothing to wait for'),
    });
  } finally {
    await rm(set, { recursive: true });
  }
});
