import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { sameSet } from '../../../scripts/cluster/same-set.ts';
import type { Job } from '../../../src/cluster/plan/kubernetes.ts';
import { featuretap } from '../../cli/command.ts';
import { fixture } from '../../extract/backbone/fixtures.ts';
import { drawFolder } from '../../extract/drawn-data.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { awkward } from './example-plan.ts';

const partCount = 2;

describe('the commands of the pods', { skip: process.platform === 'win32' && 'skipped: pods run on Linux' }, () => {
  const root = temporaryFolder();
  before(async () => {
    await drawFolder(join(root, awkward), 14);
    // Like the container image: featuretap is on the path, as npm installs it.
    await mkdir(join(root, 'bin'));
    const program = join(projectRoot, 'scripts/featuretap.cjs');
    await chmod(program, 0o755);
    await symlink(program, join(root, 'bin/featuretap'));
  });

  interface Ended {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  function run(command: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const [program = '', ...args] = command;
    const env = { ...process.env, ...variables, PATH: `${join(root, 'bin')}:${process.env['PATH']}` };
    const child = spawn(program, args, { cwd: root, env });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    }
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
  }

  /** Runs the container of a Job as the kubelet does. */
  function runContainer(job: Job, variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const { template } = job.spec as { template: { spec: { containers: readonly [Container] } } };
    const [{ command, env }] = template.spec.containers;
    const named = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    return run(command.map(expand), { ...named, TMPDIR: root, ...variables });
  }

  it('run per part, with one part twice at once, make the set of a single run, to the bit', async () => {
    const data = join(root, awkward);
    // Pods see the folder of the sets. Random weights in each would take a quarter of its time.
    const weights = join(root, 'sets/resnet-tiny.safetensors');
    await mkdir(dirname(weights));
    await copyFile(fixture('resnet-tiny.safetensors'), weights);
    const network = ['--weights', weights, '--resize', '40', '--crop', '32', '--device', 'cpu'];
    const asked = ['--data', data, '--name', 'set', ...network];
    const single = await featuretap(['extract', ...asked, '--cache', join(root, 'single')]);
    assert.equal(single.status, 0, single.stderr);
    const on = ['--on', 'kubernetes', '--tasks', String(partCount), '--rate', '50', '--cpus', '1', '--image', 'none'];
    const claims = ['--data-claim', 'images', '--cache-claim', 'sets'];
    const planned = await featuretap(['plan', ...asked, '--cache', join(root, 'sets'), ...on, ...claims]);
    assert.equal(planned.status, 0, planned.stderr);
    const [extract, merge] = parseAllDocuments(planned.stdout).map((document) => document.toJS() as Job);
    assert.ok(extract !== undefined && merge !== undefined);
    assert.equal(extract.spec['completions'], partCount);

    const twice = ['0', '0'].map((index) => runContainer(extract, { JOB_COMPLETION_INDEX: index }));
    const some = await Promise.all(twice);
    for (const { code, stderr } of some) assert.equal(code, 0, stderr);
    // The merge waits for the last part, as it does in its own Job.
    const merging = runContainer(merge);
    const last = await runContainer(extract, { JOB_COMPLETION_INDEX: '1' });
    assert.equal(last.code, 0, last.stderr);
    const merged = await merging;
    assert.equal(merged.code, 0, merged.stderr);
    assert.ok((await sameSet(join(root, 'single/set'), join(root, 'sets/set'))) > 0);

    const lost = await runContainer(extract);
    assert.equal(lost.code, 2);
    assert.match(lost.stderr, /--part auto is not usable[\s\S]*JOB_COMPLETION_INDEX is set/);
  });
});

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** Expands an argument like Kubernetes where no such variable is defined: `$$` is a dollar. */
function expand(argument: string): string {
  return argument.replaceAll('$$', '$');
}
