import { resolve } from 'node:path';
import type { KubernetesOptions } from '../../cluster/plan/kubernetes.ts';
import { type ClusterPlan, jobName } from '../../cluster/plan/plan.ts';
import { writePlan } from '../../cluster/plan/plan-files.ts';
import { slurmScripts } from '../../cluster/plan/slurm.ts';
import { submitToKubernetes, submitToSlurm } from '../../cluster/plan/submit.ts';
import { askedExtract } from '../../extract/asked-extract.ts';
import { extractOptions } from '../../extract/options.ts';
import { type UserError, usageError } from '../../system/errors.ts';
import { openProgress } from '../progress-bar.ts';
import { defineVerb, type Verb } from '../verb.ts';
import { isCount, type PlanRequest, planOptions, planRequest } from './plan-options.ts';
import { type Made, printPlan } from './plan-output.ts';

/** Writes the jobs of an extraction in parts for Slurm or Kubernetes, and submits them on request. */
export const planVerb: Verb = defineVerb({
  writes: { option: '--out FOLDER' },
  options: { ...extractOptions, ...planOptions },
  run: async (values, session, given) => {
    const asked = planRequest(values, values, given);
    const request = askedExtract({ ...values, images: isCount(values.images) ? [] : values.images });
    const progress = openProgress(session);
    try {
      // Loads the network code: wrong options fail without it.
      const { makePlan } = await import('./make-plan.ts');
      const plan = await makePlan(asked, request, given, session, progress.onProgress);
      progress.close();
      const made = asked.on === 'slurm' ? await planSlurm(plan, asked) : await planKubernetes(plan, asked);
      await printPlan(plan, asked, made, session);
      return 0;
    } finally {
      progress.close();
    }
  },
});

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
