import { type ClusterPlan, jobName, mergeMinutes, nodeOptions, timeLimitMinutes } from './plan.ts';
import { containerArgument } from './quoting.ts';

/** A PersistentVolumeClaim, or a folder in it. */
export interface Claim {
  readonly name: string;
  readonly subPath?: string | undefined;
}

export interface KubernetesOptions {
  /** Container image with Node and featuretap. */
  readonly image: string;
  readonly namespace?: string | undefined;
  /** Volume of the images; mounted read-only at the plan's data folder. */
  readonly dataClaim: Claim;
  /** Volume of the feature sets (ReadWriteMany); mounted at the plan's cache folder. */
  readonly cacheClaim: Claim;
  /** Maximum number of concurrent pods; default: all. */
  readonly atOnce?: number | undefined;
}

/** A Kubernetes Job as a plain object. */
export interface Job {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly spec: { readonly [field: string]: unknown };
}

/** Failures of a pod before its part counts as failed; each attempt resumes from the last checkpoint. */
const triesPerPart = 5;
const temporaryFolder = '/tmp/featuretap';

/** The extraction: one pod per part. */
export function extractJob(plan: ClusterPlan, options: KubernetesOptions): Job {
  const gpu = plan.gpusPerTask > 0 ? { 'nvidia.com/gpu': plan.gpusPerTask } : {};
  const memory = `${plan.memoryGB}G`;
  const spec = {
    completionMode: 'Indexed',
    completions: plan.partCount,
    parallelism: parallelism(plan, options),
    backoffLimitPerIndex: triesPerPart,
    maxFailedIndexes: plan.partCount,
    podFailurePolicy: {
      rules: [
        { action: 'FailIndex', onExitCodes: { containerName: 'extract', operator: 'In', values: [2] } },
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ],
    },
  };
  return job(plan, options, jobName(plan), spec, timeLimitMinutes(plan), {
    name: 'extract',
    command: commandOf(plan, 'extract', [...plan.extractArguments, '--part', `auto/${plan.partCount}`]),
    resources: { requests: { cpu: String(plan.cpusPerTask), memory }, limits: { memory, ...gpu } },
  });
}

/** The merge: one pod that waits for the parts. */
export function mergeJob(plan: ClusterPlan, options: KubernetesOptions): Job {
  return job(plan, options, `${jobName(plan)}-merge`, { backoffLimit: 3 }, mergeDeadlineMinutes(plan, options), {
    name: 'merge',
    command: commandOf(plan, 'merge', [...plan.mergeArguments, '--parts', String(plan.partCount), '--wait']),
    resources: { requests: { cpu: '1', memory: '4G' }, limits: { memory: '4G' } },
  });
}

/** A Job whose pods have one container, with the plan's folders and a temporary one. */
function job(
  plan: ClusterPlan,
  options: KubernetesOptions,
  name: string,
  spec: Job['spec'],
  deadlineMinutes: number,
  { name: container, command, resources }: { name: string; command: readonly string[]; resources: object },
): Job {
  const volumeMounts = [...mounts(plan, options), { name: 'temporary', mountPath: temporaryFolder }];
  const template = {
    metadata: { labels },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: deadlineMinutes * 60,
      terminationGracePeriodSeconds: 120,
      containers: [{ name: container, image: options.image, command, env: environment(plan), resources, volumeMounts }],
      volumes: [...volumes(options), { name: 'temporary', emptyDir: {} }],
    },
  };
  const metadata = { name, ...(options.namespace && { namespace: options.namespace }), labels };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { ...spec, template } };
}

const labels = { 'app.kubernetes.io/name': 'featuretap' };

function commandOf(plan: ClusterPlan, verb: string, args: readonly string[]): readonly string[] {
  return [...plan.program, verb, ...args].map(containerArgument);
}

function environment(plan: ClusterPlan): readonly object[] {
  const values = {
    TMPDIR: temporaryFolder,
    FEATURETAP_CACHE_HOME: plan.weightsHome,
    NODE_OPTIONS: nodeOptions(plan),
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value: containerArgument(value) }],
  );
}

function mounts(plan: ClusterPlan, { dataClaim, cacheClaim }: KubernetesOptions): readonly object[] {
  return [
    { name: 'images', mountPath: plan.data, ...(dataClaim.subPath && { subPath: dataClaim.subPath }), readOnly: true },
    {
      name: cacheVolume(dataClaim, cacheClaim),
      mountPath: plan.cache,
      ...(cacheClaim.subPath && { subPath: cacheClaim.subPath }),
    },
  ];
}

/** Folders of the same claim share a volume: some drivers refuse to attach a claim twice. */
function cacheVolume(dataClaim: Claim, cacheClaim: Claim): string {
  return dataClaim.name === cacheClaim.name ? 'images' : 'features';
}

function volumes({ dataClaim, cacheClaim }: KubernetesOptions): readonly object[] {
  const claims = new Map([
    ['images', dataClaim],
    [cacheVolume(dataClaim, cacheClaim), cacheClaim],
  ]);
  return [...claims].map(([name, claim]) => ({ name, persistentVolumeClaim: { claimName: claim.name } }));
}

export function parallelism(plan: ClusterPlan, { atOnce }: KubernetesOptions): number {
  return Math.min(atOnce ?? plan.partCount, plan.partCount);
}

/** Time for all rounds of parts at their limits, twice, plus the merge itself. */
function mergeDeadlineMinutes(plan: ClusterPlan, options: KubernetesOptions): number {
  const waves = Math.ceil(plan.partCount / parallelism(plan, options));
  return 2 * waves * timeLimitMinutes(plan) + mergeMinutes(plan);
}
