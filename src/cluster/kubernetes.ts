import { Document, type YAMLMap } from 'yaml';
import { type ClusterPlan, describeWork, jobName, timeLimitMinutes } from './plan.ts';

export interface KubernetesOptions {
  /** Container image that holds Node and featuretap. */
  readonly image: string;
  readonly namespace?: string;
  /** PersistentVolumeClaim with the images, mounted read-only at the data folder. */
  readonly dataClaim: string;
  /** PersistentVolumeClaim (ReadWriteMany) for the feature sets, mounted at the cache folder. */
  readonly cacheClaim: string;
  /** Pods that run at once, at most. */
  readonly atOnce: number;
}

/** Comments of the YAML by path: every value says why it is what it is. */
type Reasons = readonly (readonly [path: readonly (string | number)[], reason: string])[];

/** Two Jobs as one YAML stream: the indexed extraction and the merge that waits for its parts. */
export function kubernetesYaml(plan: ClusterPlan, options: KubernetesOptions): string {
  const extract = new Document(extractJob(plan, options));
  extract.commentBefore = ` ${describeWork(plan)}`;
  explain(extract, [
    [['spec', 'completions'], 'one pod per part; part = completion index'],
    [['spec', 'parallelism'], 'pods at once'],
    [['spec', 'completionMode'], 'sets JOB_COMPLETION_INDEX, which --part auto/N reads'],
    [['spec', 'backoffLimitPerIndex'], 'each part may fail this often; the others go on (Kubernetes 1.29 or later)'],
    [['spec', 'maxFailedIndexes'], 'the job goes on whatever fails: merge names what is missing'],
    [
      ['spec', 'template', 'spec', 'restartPolicy'],
      'backoffLimitPerIndex needs Never; a part may run twice without harm',
    ],
    [['spec', 'template', 'spec', 'activeDeadlineSeconds'], 'twice the expected time and 5 min to start'],
    [['spec', 'template', 'spec', 'terminationGracePeriodSeconds'], 'time to end in good order when a node is drained'],
    [
      ['spec', 'template', 'spec', 'containers', 0, 'resources', 'limits'],
      'a GPU is a limit; memory stays flat below this',
    ],
  ]);
  const merge = new Document(mergeJob(plan, options));
  merge.commentBefore = ` Waits for the ${plan.partCount} parts, checks them and publishes the feature set.`;
  explain(merge, [
    [['spec', 'backoffLimit'], 'merging again does no harm'],
    [
      ['spec', 'template', 'spec', 'containers', 0, 'resources', 'limits'],
      'streamed: see docs/cluster.md for the figures',
    ],
  ]);
  return [extract, merge].map((document) => document.toString({ lineWidth: 0 })).join('---\n');
}

/** The extraction as a plain object: what the API server gets. */
export function extractJob(plan: ClusterPlan, options: KubernetesOptions): object {
  const gpu = plan.gpusPerTask > 0 ? { 'nvidia.com/gpu': plan.gpusPerTask } : {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(jobName(plan), options),
    spec: {
      completions: plan.partCount,
      parallelism: Math.min(options.atOnce, plan.partCount),
      completionMode: 'Indexed',
      backoffLimitPerIndex: 3,
      maxFailedIndexes: plan.partCount,
      template: {
        spec: {
          restartPolicy: 'Never',
          activeDeadlineSeconds: timeLimitMinutes(plan) * 60,
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              name: 'extract',
              image: options.image,
              command: [...plan.program, 'extract', ...plan.extractArguments, '--part', `auto/${plan.partCount}`],
              resources: {
                requests: { cpu: String(plan.cpusPerTask), memory: `${plan.memoryGB}Gi` },
                limits: { memory: `${plan.memoryGB}Gi`, ...gpu },
              },
              env: [{ name: 'TMPDIR', value: '/scratch' }],
              volumeMounts: [...mounts(plan), { name: 'scratch', mountPath: '/scratch' }],
            },
          ],
          volumes: [...volumes(options), { name: 'scratch', emptyDir: {} }],
        },
      },
    },
  };
}

/** The merge as a plain object. */
export function mergeJob(plan: ClusterPlan, options: KubernetesOptions): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(`${jobName(plan)}-merge`, options),
    spec: {
      backoffLimit: 3,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'merge',
              image: options.image,
              command: [
                ...plan.program,
                'merge',
                ...plan.extractArguments,
                '--parts',
                String(plan.partCount),
                '--wait',
              ],
              resources: { requests: { cpu: '1', memory: '4Gi' }, limits: { memory: '4Gi' } },
              volumeMounts: mounts(plan),
            },
          ],
          volumes: volumes(options),
        },
      },
    },
  };
}

function metadata(name: string, options: KubernetesOptions): object {
  return { name, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) };
}

function mounts(plan: ClusterPlan): object[] {
  return [
    { name: 'data', mountPath: plan.data, readOnly: true },
    { name: 'cache', mountPath: plan.cache },
  ];
}

function volumes(options: KubernetesOptions): object[] {
  return [
    { name: 'data', persistentVolumeClaim: { claimName: options.dataClaim, readOnly: true } },
    { name: 'cache', persistentVolumeClaim: { claimName: options.cacheClaim } },
  ];
}

function explain(document: Document, reasons: Reasons): void {
  for (const [path, reason] of reasons) {
    const parent = document.getIn(path.slice(0, -1), true) as YAMLMap;
    const pair = parent.items.find(
      (item) => String((item.key as { value?: unknown }).value ?? item.key) === path.at(-1),
    );
    if (pair !== undefined) (pair.key as { commentBefore?: string }).commentBefore = ` ${reason}`;
  }
}
