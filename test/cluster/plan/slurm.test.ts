import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { localSlurmProblem } from '../../../scripts/cluster/local-slurm.ts';
import { runOnSlurm } from '../../../scripts/cluster/slurm-run.ts';

const reason = localSlurmProblem();

test('a real Slurm that kills, requeues and cancels tasks gives the set of a single run, to the bit', {
  skip: reason !== undefined && `skipped: no Slurm can be started here: ${reason}`,
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-slurm-'));
  try {
    const { merged, killed, requeued, cancelled } = await runOnSlurm(folder, (line) => context.diagnostic(line));
    assert.equal(new Set([killed, requeued, cancelled]).size, 3);
    assert.equal(merged, 100);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
