import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { type Document, parseAllDocuments } from 'yaml';
import { extractJob, type Job, mergeJob } from '../../../src/cluster/plan/kubernetes.ts';
import { kubernetesYaml } from '../../../src/cluster/plan/kubernetes-yaml.ts';
import { projectRoot } from '../../reference.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { awkward, exampleOptions, examplePlan } from './example-plan.ts';
import { jobErrors } from './job-schema.ts';

const gpuPlan = examplePlan({ gpusPerTask: 1, imageCount: 16_000_000, partCount: 500 });

test('both Jobs match the published schema of Kubernetes, which rejects others', () => {
  for (const plan of [examplePlan(), gpuPlan]) {
    for (const job of [extractJob(plan, exampleOptions), mergeJob(plan, exampleOptions)]) {
      assert.deepEqual(jobErrors(job), []);
    }
  }
  const job = extractJob(gpuPlan, exampleOptions);
  const wrong: readonly [Job | object, RegExp][] = [
    [{ ...job, spec: { ...job.spec, completion: 8 } }, /additional properties .*completion/],
    [{ ...job, spec: { ...job.spec, completions: '8' } }, /must be integer/],
    [{ ...job, spec: {} }, /required.*template/],
  ];
  for (const [bad, message] of wrong) assert.match(jobErrors(bad).join('\n'), message);
});

test('meets the rules that the API server checks beyond the schema', () => {
  // pkg/apis/batch/validation/validation.go: the checks of ValidateJobSpec for an indexed Job with
  // backoffLimitPerIndex.
  for (const plan of [examplePlan({ partCount: 1 }), gpuPlan, examplePlan({ partCount: 100_000 })]) {
    const { metadata, spec } = extractJob(plan, { ...exampleOptions, atOnce: 64 }) as unknown as {
      metadata: { name: string };
      spec: {
        completions: number;
        parallelism: number;
        maxFailedIndexes: number;
        template: { spec: { restartPolicy: string; containers: { name: string }[]; volumes: { name: string }[] } };
        podFailurePolicy: { rules: { onExitCodes?: { containerName: string; values: number[] } }[] };
      };
    };
    assert.ok(spec.maxFailedIndexes <= spec.completions && spec.maxFailedIndexes <= 100_000);
    assert.equal(spec.parallelism, Math.min(64, plan.partCount));
    assert.equal(spec.template.spec.restartPolicy, 'Never');
    assert.ok(`${metadata.name}-${spec.completions - 1}`.length <= 63);
    const [rule] = spec.podFailurePolicy.rules;
    assert.equal(rule?.onExitCodes?.containerName, spec.template.spec.containers[0]?.name);
    assert.ok(!rule?.onExitCodes?.values.includes(0));
    const names = spec.template.spec.volumes.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  }
});

test('every pod mounts the folders of its command, and folders of one claim as one volume', () => {
  const plan = examplePlan();
  const same = { ...exampleOptions, cacheClaim: { name: 'images', subPath: 'features' } };
  for (const [options, volumes] of [
    [exampleOptions, ['images', 'features', 'temporary']],
    [same, ['images', 'temporary']],
  ] as const) {
    for (const job of [extractJob(plan, options), mergeJob(plan, options)]) {
      const pod = (job.spec as { template: { spec: Pod } }).template.spec;
      assert.deepEqual(
        pod.volumes.map(({ name }) => name),
        volumes,
      );
      const mounts = pod.containers[0]?.volumeMounts ?? [];
      const data = mounts.find(({ mountPath }) => mountPath === plan.data);
      assert.deepEqual([data?.readOnly, data?.subPath], [true, 'pets/dogs']);
      assert.ok(mounts.some(({ mountPath, readOnly }) => mountPath === plan.cache && readOnly === undefined));
      for (const { name } of mounts) assert.ok(volumes.some((volume) => volume === name));
    }
  }
});

interface Pod {
  readonly volumes: readonly { readonly name: string }[];
  readonly containers: readonly {
    readonly volumeMounts: readonly { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
  }[];
}

test('the YAML consists of the two Jobs, with a comment that explains every value', () => {
  const plan = examplePlan({ gpusPerTask: 1, data: `/data/${awkward}` });
  const yaml = kubernetesYaml(plan, exampleOptions);
  const documents = parseAllDocuments(yaml) as Document[];
  assert.deepEqual(
    documents.map((document) => document.toJS()),
    [extractJob(plan, exampleOptions), mergeJob(plan, exampleOptions)],
  );
  const uncommented = ['apiVersion', 'kind', 'name', 'template', 'metadata', 'spec', 'labels', 'containers', 'volumes'];
  const lines = yaml.split('\n');
  const numbers = lines.filter((line) => /^\s*\w+: \d+$/.test(line) && !line.includes('nvidia'));
  assert.ok(numbers.length >= 8);
  for (const [i, line] of lines.entries()) {
    const key = /^ {2}(?: {2}){0,2}(\w+):/.exec(line)?.[1];
    if (key === undefined || uncommented.includes(key)) continue;
    const depth = line.search(/\S/);
    if (depth !== 2 && depth !== 6) continue;
    assert.match(lines[i - 1] ?? '', /^ *# \w/, line);
  }
});

const kubectlVersion = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
const noKubectl = kubectlVersion.status !== 0 && 'skipped: there is no kubectl (apt-get install kubernetes-client)';

describe('kubectl', { skip: noKubectl }, () => {
  let folder = '';
  let server: ApiServer;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'featuretap-kubectl-'));
    server = await startApiServer(folder);
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  interface Ran {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  // The API server runs in this process, which must not be blocked.
  function run(program: string, args: readonly string[], input = ''): Promise<Ran> {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, KUBECONFIG: server.configuration, HOME: folder },
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    }
    child.stdin.end(input);
    return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })));
  }

  it('parses the YAML as the two Jobs, with --dry-run=client', async () => {
    const plan = examplePlan({
      gpusPerTask: 1,
      data: `/data/${awkward}`,
      extractArguments: ['--data', awkward, '', '*'],
    });
    const yaml = kubernetesYaml(plan, exampleOptions);
    const ran = await run('kubectl', ['create', '--dry-run=client', '-o', 'json', '-f', '-'], yaml);
    assert.equal(ran.status, 0, ran.stderr);
    const jobs = [extractJob(plan, exampleOptions), mergeJob(plan, exampleOptions)];
    // The documents are read one by one.
    const read = ran.stdout.split(/^(?=\{$)/m).map((text) => JSON.parse(text) as Job);
    assert.deepEqual(
      read,
      jobs.map((job) => ({ ...job, metadata: { ...job.metadata, namespace: 'default' } })),
    );
    assert.equal(server.jobs.size, 0);
  });

  const program = join(projectRoot, 'scripts/featuretap.cjs');
  const asked = [
    ...[
      'plan',
      '--on',
      'kubernetes',
      '--tasks',
      '8',
      '--images',
      '1000',
      '--rate',
      '50',
      '--weights',
      'random:resnet-tiny',
    ],
    ...['--data', '/images/dogs', '--cache', '/features', '--image', 'registry.example/featuretap:1'],
    ...['--data-claim', 'images:dogs', '--cache-claim', 'features'],
  ];

  it('creates the Jobs of plan --submit, and a second time the message tells how to continue', async () => {
    const first = await run(process.execPath, [program, ...asked, '--submit', '--json', '--namespace', 'pets']);
    assert.equal(first.status, 0, first.stderr);
    const { submitted } = JSON.parse(first.stdout) as { submitted: unknown };
    assert.deepEqual(submitted, { extract: 'job.batch/featuretap-dogs', merge: 'job.batch/featuretap-dogs-merge' });
    assert.deepEqual([...server.jobs.keys()], ['pets/featuretap-dogs', 'pets/featuretap-dogs-merge']);
    const again = await run(process.execPath, [program, ...asked, '--submit', '--namespace', 'pets']);
    assert.equal(again.status, 1);
    assert.equal(again.stdout, '');
    assert.match(
      again.stderr,
      /kubectl rejected the job[\s\S]*already exists[\s\S]*kubectl delete job -n pets featuretap-dogs featuretap-dogs-merge/,
    );
  });

  it('accepts the output of plan', async () => {
    const printed = await run(process.execPath, [program, ...asked]);
    assert.equal(printed.status, 0, printed.stderr);
    assert.match(printed.stderr, /1000 images in 8 parts of about 125: under a minute each at 50 images\/s/);
    const ran = await run('kubectl', ['create', '-f', '-', '-o', 'name'], printed.stdout);
    assert.equal(ran.status, 0, ran.stderr);
    assert.ok(server.jobs.has('default/featuretap-dogs') && server.jobs.has('default/featuretap-dogs-merge'));
  });
});
