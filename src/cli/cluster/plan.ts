import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { KubernetesOptions } from '../../cluster/plan/kubernetes.ts';
import { type ClusterPlan, jobName } from '../../cluster/plan/plan.ts';
import { writePlan } from '../../cluster/plan/plan-files.ts';
import { slurmScripts } from '../../cluster/plan/slurm.ts';
import { submitToKubernetes, submitToSlurm } from '../../cluster/plan/submit.ts';
import { type UserError, usageError } from '../../system/errors.ts';
import { readExtractOptions, withExtractOptions } from '../extract/extract-options.ts';
import { openProgress } from '../progress-bar.ts';
import type { Verb } from '../verb.ts';
import { type PlanRequest, readPlanOptions } from './plan-options.ts';
import { type Made, printPlan } from './plan-output.ts';

/** Plan: write what Slurm or Kubernetes needs to run one extraction in parts, and hand it over when told to. */
export const planVerb: Verb = {
  writes: { option: '--out FOLDER' },
  options: (yargs: Argv): Argv =>
    withExtractOptions(yargs)
      .option('on', { type: 'string', describe: 'slurm | kubernetes' })
      .option('tasks', { type: 'string', describe: 'parts, each of them one task' })
      .option('submit', { type: 'boolean', describe: 'hand the jobs to sbatch or kubectl' })
      .option('out', { type: 'string', describe: 'folder of the files [slurm/NAME; kubernetes: standard output]' })
      .option('at-once', { type: 'string', describe: 'tasks that run at the same time, at most [all]' })
      .option('cpus', { type: 'string', describe: 'CPUs of a task, and its threads [4; 8 with a GPU]' })
      .option('gpus', { type: 'string', describe: 'GPUs of a task: 0 | 1 [0; 1 with --device cuda]' })
      .option('memory', { type: 'string', describe: 'GB of a task [from the number of images]' })
      .option('rate', {
        type: 'string',
        describe: 'images per second of a task [the last run of this network, else measured]',
      })
      .option('images', {
        type: 'string',
        array: true,
        describe: 'number of images, where --data is not on this machine; or, as for extract, their folders',
      })
      .option('setup', { type: 'string', describe: 'slurm: a command that runs before node, as module load nodejs' })
      .option('partition', { type: 'string', describe: 'slurm: where the jobs run' })
      .option('account', { type: 'string', describe: 'slurm: who pays' })
      .option('image', { type: 'string', describe: 'kubernetes: container image with featuretap' })
      .option('namespace', { type: 'string', describe: "kubernetes: of the jobs [the context's]" })
      .option('data-claim', { type: 'string', describe: 'kubernetes: CLAIM or CLAIM:FOLDER with the images of --data' })
      .option('cache-claim', { type: 'string', describe: 'kubernetes: CLAIM or CLAIM:FOLDER for --cache' }),
  run: async (options, session) => {
    const asked = readPlanOptions(options);
    const request = readExtractOptions(options);
    const progress = openProgress(session);
    try {
      // With what lists images and measures a network: a wrong option is answered without it.
      const { makePlan } = await import('./make-plan.ts');
      const plan = await makePlan(asked, request, options, session, progress.onProgress);
      progress.close();
      const made = asked.on === 'slurm' ? await planSlurm(plan, asked) : await planKubernetes(plan, asked);
      await printPlan(plan, asked, made, session);
      return 0;
    } finally {
      progress.close();
    }
  },
};

async function planSlurm(plan: ClusterPlan, asked: PlanRequest): Promise<Made> {
  const out = resolve(asked.out ?? `slurm/${plan.name}`);
  // A line break would end the directive that names the logs.
  if (/\p{Cc}/u.test(out)) throw usageError('--out', JSON.stringify(out), 'a path without control characters');
  const { atOnce, setup, partition, account } = asked;
  const scripts = slurmScripts(plan, { logs: `${out}/logs`, atOnce, setup, partition, account });
  const written = await writePlan(out, { 'extract.sbatch': scripts.extract, 'merge.sbatch': scripts.merge }, ['logs']);
  const [extract = '', merge = ''] = written.files;
  const submitted = asked.submit ? { submitted: await submitToSlurm({ extract, merge }) } : {};
  return { ...written, ...submitted };
}

async function planKubernetes(plan: ClusterPlan, asked: PlanRequest): Promise<Made> {
  const { kubernetesYaml } = await import('../../cluster/plan/kubernetes-yaml.ts');
  const yaml = kubernetesYaml(plan, kubernetesOptions(asked));
  const written =
    asked.out === undefined ? { files: [], kept: [] } : await writePlan(resolve(asked.out), { 'jobs.yaml': yaml });
  const names = { extract: jobName(plan), merge: `${jobName(plan)}-merge`, namespace: asked.namespace };
  const submitted = asked.submit ? { submitted: await submitToKubernetes(yaml, names) } : {};
  return { ...written, yaml, ...submitted };
}

function kubernetesOptions({ image, dataClaim, cacheClaim, namespace, atOnce }: PlanRequest): KubernetesOptions {
  if (image === undefined) throw missing('--image', 'the container image that holds featuretap');
  if (dataClaim === undefined) throw missing('--data-claim', 'the PersistentVolumeClaim that holds the images');
  if (cacheClaim === undefined) throw missing('--cache-claim', 'the PersistentVolumeClaim for the feature sets');
  return { image, dataClaim, cacheClaim, namespace, atOnce };
}

function missing(option: string, expected: string): UserError {
  return usageError(option, 'no value', expected, 'docs/cluster.md has an example');
}
