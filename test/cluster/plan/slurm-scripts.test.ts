import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterPlan } from '../../../src/cluster/plan/plan.ts';
import { slurmScripts } from '../../../src/cluster/plan/slurm.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { awkward, examplePlan } from './example-plan.ts';

const noBash = process.platform === 'win32' || spawnSync('bash', ['--version']).status !== 0;

describe('the sbatch scripts', { skip: noBash && 'skipped: there is no bash' }, () => {
  const folder = temporaryFolder();
  before(() => {
    // Stub of Slurm's program: records its arguments.
    writeProgram('scontrol', `echo "$@" >> '${folder}/scontrol-calls'`);
  });

  function writeProgram(name: string, body: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/bash\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  function writeScript(change: Partial<ClusterPlan>): string {
    const path = join(folder, 'extract.sbatch');
    writeFileSync(path, slurmScripts(examplePlan(change), { logs: '/logs' }).extract);
    rmSync(join(folder, 'scontrol-calls'), { force: true });
    return path;
  }

  const environment = (restarts: number): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: `${folder}:${process.env['PATH']}`,
    TMPDIR: folder,
    SLURM_JOB_ID: '77',
    SLURM_ARRAY_TASK_ID: '3',
    ...(restarts > 0 ? { SLURM_RESTART_COUNT: String(restarts) } : {}),
  });

  function run(path: string, restarts = 0): { readonly status: number | null; readonly stdout: string } {
    const { status, stdout } = spawnSync('bash', [path], { env: environment(restarts), encoding: 'utf8' });
    return { status, stdout };
  }

  function requeued(): string {
    return existsSync(join(folder, 'scontrol-calls')) ? readFileSync(join(folder, 'scontrol-calls'), 'utf8') : '';
  }

  it('pass every argument to the program unchanged, with the part of the task, and clean up', () => {
    const program = writeProgram(
      'record',
      'printf "%s\\n" "$@" "$FEATURETAP_CACHE_HOME"; echo "$TMPDIR"; test -d "$TMPDIR"',
    );
    const values = ['--data', `/data/${awkward}`, '--cache', '/a\nb', '--name=-dogs', '', '*', '~', '\\'];
    const path = writeScript({ program: [program], extractArguments: values, weightsHome: `/w/${awkward}` });
    const { status, stdout } = run(path);
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split('\n');
    const temporary = lines.pop() ?? '';
    assert.equal(lines.join('\n'), ['extract', ...values, '--part', '3/8', `/w/${awkward}`].join('\n'));
    assert.ok(temporary.startsWith(`${folder}/featuretap.`) && !existsSync(temporary), temporary);
    assert.equal(requeued(), '');
  });

  it('requeue a task whose worker was killed, a few times', () => {
    const path = writeScript({ program: [writeProgram('killed', 'kill -KILL $$')] });
    assert.equal(run(path).status, 137);
    assert.equal(requeued(), 'requeue 77\n');
    assert.equal(run(path, 4).status, 137);
    assert.equal(requeued(), 'requeue 77\nrequeue 77\n');
    assert.equal(run(path, 5).status, 137);
    assert.equal(requeued(), 'requeue 77\nrequeue 77\n');
  });

  it('leave a task failed whose program failed', () => {
    const path = writeScript({ program: [writeProgram('failed', 'exit 1')] });
    assert.equal(run(path).status, 1);
    assert.equal(requeued(), '');
  });

  /** A worker that exits in order when signalled, as extract does. */
  const orderly = `trap 'echo saved; exit 130' TERM; echo started; while :; do sleep 0.05; done`;

  async function signalled(path: string, signal: NodeJS.Signals): Promise<{ status: number | null; stdout: string }> {
    const child = spawn('bash', [path], { env: environment(0), stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    while (!stdout.includes('started')) await sleep(20);
    // Slurm signals every process of a job on scancel, but only the batch script before the time limit.
    process.kill(signal === 'SIGTERM' ? -(child.pid as number) : (child.pid as number), signal);
    const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { status, stdout };
  }

  it('signal the worker before the time limit, wait for it, and requeue', async () => {
    const path = writeScript({ program: [writeProgram('orderly', orderly)] });
    const { status, stdout } = await signalled(path, 'SIGUSR1');
    assert.equal(status, 130);
    assert.equal(stdout, 'started\nsaved\n');
    assert.equal(requeued(), 'requeue 77\n');
  });

  it('wait for the worker of a cancelled task, and leave it cancelled', async () => {
    const path = writeScript({ program: [writeProgram('orderly', orderly)] });
    const { status, stdout } = await signalled(path, 'SIGTERM');
    assert.notEqual(status, 0);
    assert.equal(stdout, 'started\nsaved\n');
    assert.equal(requeued(), '');
  });

  it('explain every directive, and name what depends on the site', () => {
    const { extract, merge } = slurmScripts(examplePlan({ gpusPerTask: 1, imageCount: 16_000_000 }), {
      logs: `/logs/${awkward}`,
      atOnce: 3,
      partition: 'gpu,long',
      account: 'lab',
      setup: 'module load nodejs/20',
    });
    for (const script of [extract, merge]) {
      const directives = script.split('\n').filter((line) => line.startsWith('#SBATCH'));
      assert.ok(directives.length > 8);
      for (const line of directives) assert.match(line, /^#SBATCH --\S+.* # \S+/);
      assert.match(script, /#SBATCH --partition=gpu,long /);
      assert.match(script, /#SBATCH --account=lab /);
      assert.match(script, /\nmodule load nodejs\/20\n/);
      assert.match(script, /\nexport NODE_OPTIONS=--max-old-space-size=12200\n/);
    }
    assert.match(extract, /#SBATCH --array=0-7%3 /);
    assert.match(extract, /#SBATCH --gres=gpu:1 /);
    assert.doesNotMatch(slurmScripts(examplePlan(), { logs: '/l' }).extract, /gres|NODE_OPTIONS|partition|account/);
  });
});
