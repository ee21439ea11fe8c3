import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { submitToKubernetes, submitToSlurm } from '../../../src/cluster/plan/submit.ts';
import { UserError } from '../../../src/system/errors.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

describe('plan --submit', {
  skip: process.platform === 'win32' && 'skipped: schedulers here are shell scripts',
}, () => {
  const path = process.env['PATH'];
  const folder = temporaryFolder();
  afterEach(() => {
    process.env['PATH'] = path;
  });

  /** Puts a stub of a scheduler's program first on the path; it records its arguments. */
  function standIn(name: string, body: string): void {
    const program = join(folder, name);
    writeFileSync(program, `#!/bin/sh\necho "$@" >> '${join(folder, 'calls')}'\n${body}\n`);
    chmodSync(program, 0o755);
    rmSync(join(folder, 'calls'), { force: true });
    process.env['PATH'] = `${folder}${delimiter}${path}`;
  }

  const scripts = { extract: '/plan/extract.sbatch', merge: '/plan/merge.sbatch' };
  const names = { extract: 'featuretap-dogs', merge: 'featuretap-dogs-merge' };

  it('submits the array to Slurm, and the merge after it whatever the exit codes of its tasks', async () => {
    standIn('sbatch', `case "$*" in *merge*) echo '13;big';; *) echo '12;big';; esac`);
    assert.deepEqual(await submitToSlurm(scripts), { extract: '12', merge: '13' });
    assert.equal(
      readFileSync(join(folder, 'calls'), 'utf8'),
      '--parsable /plan/extract.sbatch\n--parsable --dependency=afterany:12 /plan/merge.sbatch\n',
    );
  });

  it('reports the message of Slurm, a fix, and which job is already in the queue', async () => {
    const invalid = 'sbatch: error: Batch job submission failed: Invalid job array specification';
    standIn('sbatch', `echo '${invalid}' >&2; exit 1`);
    await rejects(submitToSlurm(scripts), /sbatch rejected the job[\s\S]*Invalid job array[\s\S]*MaxArraySize/);
    standIn('sbatch', `case "$*" in *merge*) echo 'error: QOS' >&2; exit 1;; *) echo 12;; esac`);
    await rejects(submitToSlurm(scripts), /the array is job 12; only its merge was refused; error: QOS/);
  });

  it('reports a missing program, and what to do then', async () => {
    process.env['PATH'] = join(folder, 'nothing');
    await rejects(submitToSlurm(scripts), /there is no sbatch on this machine[\s\S]*leave out --submit/);
    await rejects(submitToKubernetes('', names), /there is no kubectl on this machine[\s\S]*leave out --submit/);
  });

  it('passes the YAML to kubectl, and prints the names of the Jobs', async () => {
    standIn('kubectl', `cat > '${join(folder, 'yaml')}'; printf 'job.batch/a\\njob.batch/b\\n'`);
    const yaml = `kind: Job\n${'# long\n'.repeat(50_000)}`;
    assert.deepEqual(await submitToKubernetes(yaml, names), { extract: 'job.batch/a', merge: 'job.batch/b' });
    assert.equal(readFileSync(join(folder, 'yaml'), 'utf8'), yaml);
    assert.equal(readFileSync(join(folder, 'calls'), 'utf8'), 'create -f - -o name\n');
  });

  it('reports the message of kubectl, also when kubectl did not read its input', async () => {
    standIn('kubectl', `echo 'The connection to the server was refused: connection refused' >&2; exit 1`);
    await rejects(submitToKubernetes('#\n'.repeat(100_000), names), /connection refused[\s\S]*use-context/);
  });

  async function rejects(promise: Promise<unknown>, message: RegExp): Promise<void> {
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      return true;
    });
  }
});
