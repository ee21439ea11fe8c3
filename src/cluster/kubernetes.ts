import { Document, type YAMLMap } from 'yaml';
import {
  type ClusterPlan,
  describeWork,
  formatMinutes,
  imagesPerPart,
  jobName,
  mergeMinutes,
  nodeOptions,
  partSeconds,
  timeLimitMinutes,
} from './plan.ts';
import { containerArgument } from './quoting.ts';

/** A PersistentVolumeClaim, or a folder in it. */
export interface Claim {
  readonly name: string;
  readonly subPath?: string;
}

export interface KubernetesOptions {
  /** Container image that holds Node and featuretap. */
  readonly image: string;
  readonly namespace?: string;
  /** Holds the images; mounted read-only at the plan's data folder. */
  readonly dataClaim: Claim;
  /** ReadWriteMany; holds the feature sets; mounted at the plan's cache folder. */
  readonly cacheClaim: Claim;
  /** Pods that run at once, at most; default: all. */
  readonly atOnce?: number;
}

/** What the API server gets: a Job as a plain object. */
export interface Job {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly spec: { readonly [field: string]: unknown };
}

/** Why a value is what it is, by its place in the Job. */
type Reasons = readonly (readonly [path: string, reason: string])[];

/** A pod fails this often before its part counts as failed; each try goes on from the last checkpoint. */
const triesPerPart = 5;
const podSpec = 'spec.template.spec';
const container = `${podSpec}.containers.0`;
const temporaryFolder = '/tmp/featuretap';

/** Two Jobs as one YAML stream, with a reason beside every value: the indexed extraction, and the merge. */
export function kubernetesYaml(plan: ClusterPlan, options: KubernetesOptions): string {
  const extract = explained(extractJob(plan, options), ` ${describeWork(plan)}`, extractReasons(plan, options));
  const merge = explained(mergeJob(plan, options), mergeComment(plan), mergeReasons(plan, options));
  return [extract, merge].map((document) => document.toString({ lineWidth: 0 })).join('---\n');
}

/** The extraction: one pod for each part. */
export function extractJob(plan: ClusterPlan, options: KubernetesOptions): Job {
  const gpu = plan.gpusPerTask > 0 ? { 'nvidia.com/gpu': plan.gpusPerTask } : {};
  const memory = `${plan.memoryGB}G`;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(jobName(plan), options),
    spec: {
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
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          activeDeadlineSeconds: timeLimitMinutes(plan) * 60,
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'extract',
              image: options.image,
              command: commandOf(plan, 'extract', [...plan.extractArguments, '--part', `auto/${plan.partCount}`]),
              env: environment(plan),
              resources: {
                requests: { cpu: String(plan.cpusPerTask), memory },
                limits: { memory, ...gpu },
              },
              volumeMounts: [...mounts(plan, options), { name: 'temporary', mountPath: temporaryFolder }],
            },
          ],
          volumes: [...volumes(options), { name: 'temporary', emptyDir: {} }],
        },
      },
    },
  };
}

/** The merge: one pod that waits until the parts are there. */
export function mergeJob(plan: ClusterPlan, options: KubernetesOptions): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(`${jobName(plan)}-merge`, options),
    spec: {
      backoffLimit: 3,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          activeDeadlineSeconds: mergeDeadlineMinutes(plan, options) * 60,
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'merge',
              image: options.image,
              command: commandOf(plan, 'merge', [...plan.mergeArguments, '--parts', String(plan.partCount), '--wait']),
              env: environment(plan),
              resources: { requests: { cpu: '1', memory: '4G' }, limits: { memory: '4G' } },
              volumeMounts: [...mounts(plan, options), { name: 'temporary', mountPath: temporaryFolder }],
            },
          ],
          volumes: [...volumes(options), { name: 'temporary', emptyDir: {} }],
        },
      },
    },
  };
}

const labels = { 'app.kubernetes.io/name': 'featuretap' };

function metadata(name: string, { namespace }: KubernetesOptions): Job['metadata'] {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels };
}

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
    { name: 'images', mountPath: plan.data, ...subPath(dataClaim), readOnly: true },
    { name: cacheVolume(dataClaim, cacheClaim), mountPath: plan.cache, ...subPath(cacheClaim) },
  ];
}

function subPath(claim: Claim): object {
  return claim.subPath === undefined ? {} : { subPath: claim.subPath };
}

/** Folders of one claim are mounts of one volume: some drivers refuse to attach a claim twice. */
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

function parallelism(plan: ClusterPlan, { atOnce }: KubernetesOptions): number {
  return Math.min(atOnce ?? plan.partCount, plan.partCount);
}

/** The parts one after another as far as they do not run at once, each at its limit, twice; and the merge itself. */
function mergeDeadlineMinutes(plan: ClusterPlan, options: KubernetesOptions): number {
  const waves = Math.ceil(plan.partCount / parallelism(plan, options));
  return 2 * waves * timeLimitMinutes(plan) + mergeMinutes(plan);
}

function extractReasons(plan: ClusterPlan, options: KubernetesOptions): Reasons {
  const list = plan.listSeconds < 30 ? '' : `, the list ${formatMinutes(plan.listSeconds)}`;
  return [
    ['spec.completionMode', 'gives each pod JOB_COMPLETION_INDEX, which --part auto/N reads'],
    ['spec.completions', 'one pod per part'],
    ['spec.parallelism', options.atOnce === undefined ? 'all at once, as far as there is room' : 'as asked for'],
    [
      'spec.backoffLimitPerIndex',
      'tries of each part, which go on from its last checkpoint (Kubernetes 1.29 or later)',
    ],
    ['spec.maxFailedIndexes', 'the others go on whatever fails: merge and status name what is missing'],
    ['spec.podFailurePolicy', 'wrong usage (exit code 2) fails at once; a drained node is no failure'],
    [`${podSpec}.restartPolicy`, 'backoffLimitPerIndex asks for it; a part may run twice without harm'],
    [
      `${podSpec}.activeDeadlineSeconds`,
      `${imagesPerPart(plan)} images take ${formatMinutes(partSeconds(plan))}${list}; twice that, and 5 min to start`,
    ],
    [`${podSpec}.terminationGracePeriodSeconds`, 'time to finish a batch and write a checkpoint'],
    [`${container}.image`, 'holds Node and featuretap: docs/cluster.md has its Dockerfile'],
    [`${container}.command`, '--part auto/N takes the part from JOB_COMPLETION_INDEX'],
    [`${container}.env`, environmentReason(plan)],
    [
      `${container}.resources`,
      `${plan.gpusPerTask > 0 ? 'one network, one GPU; decoding must keep up with it' : 'the network and the decoder share the CPUs'}; extract stays below this memory: docs/cluster.md says why`,
    ],
    [`${container}.volumeMounts`, 'the same folders as in the command'],
    [`${podSpec}.volumes`, 'features must be ReadWriteMany: every pod writes its part there'],
  ];
}

function mergeComment({ partCount }: ClusterPlan): string {
  return ` Waits for the ${partCount} parts, checks them and publishes the feature set.`;
}

function mergeReasons(plan: ClusterPlan, options: KubernetesOptions): Reasons {
  const waves = Math.ceil(plan.partCount / parallelism(plan, options));
  return [
    ['spec.backoffLimit', 'merging again does no harm'],
    [`${podSpec}.restartPolicy`, 'each try keeps its own log'],
    [
      `${podSpec}.activeDeadlineSeconds`,
      `the parts' own limit${waves > 1 ? `, ${waves} one after another` : ''}, twice, and ${formatMinutes(mergeMinutes(plan) * 60)} for the merge`,
    ],
    [`${podSpec}.terminationGracePeriodSeconds`, 'time to say which parts are missing'],
    [`${container}.env`, environmentReason(plan)],
    [`${container}.resources`, 'rows are streamed: docs/cluster.md has the figures'],
  ];
}

function environmentReason(plan: ClusterPlan): string {
  const reasons = ['temporary files stay on the node'];
  if (plan.weightsHome !== undefined) reasons.push('the weights lie beside the features: see docs/cluster.md');
  if (nodeOptions(plan) !== undefined) reasons.push('the list of images needs more than Node takes by itself, in MB');
  return reasons.join('; ');
}

/** A document with comments above the values that have a reason. */
function explained(job: Job, comment: string, reasons: Reasons): Document {
  const document = new Document(job, { aliasDuplicateObjects: false });
  document.commentBefore = comment;
  for (const [path, reason] of reasons) {
    const names = path.split('.').map((name) => (/^\d+$/.test(name) ? Number(name) : name));
    const parent = document.getIn(names.slice(0, -1), true) as YAMLMap;
    const pair = parent.items.find((item) => String(item.key) === names.at(-1));
    if (pair === undefined) throw new Error(`no ${path} in the Job to explain`);
    (pair.key as { commentBefore?: string }).commentBefore = ` ${reason}`;
  }
  return document;
}
