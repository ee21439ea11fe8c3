import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { childSource } from '../child-source.ts';
import { projectRoot } from '../reference.ts';

test('detects whether results and progress go to the same file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'featuretap-outputs-'));
  const [one, other] = [openSync(join(folder, 'one'), 'w'), openSync(join(folder, 'other'), 'w')];
  const source = childSource(
    "import { isSameOutput } from './src/cli/status-line.ts'; process.exitCode = isSameOutput() ? 10 : 20;",
  );
  const told = (stdout: number, stderr: number): number | null =>
    spawnSync(process.execPath, source, {
      cwd: projectRoot,
      stdio: ['ignore', stdout, stderr],
    }).status;
  try {
    assert.deepEqual([told(one, one), told(one, other)], [10, 20]);
  } finally {
    closeSync(one);
    closeSync(other);
    rmSync(folder, { recursive: true });
  }
});
