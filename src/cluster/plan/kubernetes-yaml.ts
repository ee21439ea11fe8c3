import { Document, type YAMLMap } from 'yaml';
import { counted } from '../../system/printable.ts';
import { extractJob, type Job, type KubernetesOptions, mergeJob, parallelism } from './kubernetes.ts';
import {
  type ClusterPlan,
  describeWork,
  formatMinutes,
  imagesPerPart,
  mergeMinutes,
  nodeOptions,
  partSeconds,
} from './plan.ts';

/** Explanations of values, by their path in the Job. */
type Reasons = readonly (readonly [path: string, reason: string])[];

const podSpec = 'spec.template.spec';
const container = `${podSpec}.containers.0`;

/** Two Jobs as a YAML stream, with comments: the indexed extraction and the merge. */
export function kubernetesYaml(plan: ClusterPlan, options: KubernetesOptions): string {
  const extract = explained(extractJob(plan, options), ` ${describeWork(plan)}`, extractReasons(plan, options));
  const merge = explained(mergeJob(plan, options), mergeComment(plan), mergeReasons(plan, options));
  return [extract, merge].map((document) => document.toString({ lineWidth: 0 })).join('---\n');
}

function extractReasons(plan: ClusterPlan, options: KubernetesOptions): Reasons {
  const list = plan.listSeconds < 30 ? '' : `, the list ${formatMinutes(plan.listSeconds)}`;
  return [
    ['spec.completionMode', 'gives each pod JOB_COMPLETION_INDEX, which --part auto/N reads'],
    ['spec.completions', 'one pod per part'],
    ['spec.parallelism', options.atOnce === undefined ? 'all at once, as far as there is room' : 'as asked for'],
    [
      'spec.backoffLimitPerIndex',
      'retries of each part, which resume from its last checkpoint (Kubernetes 1.29 or later)',
    ],
    ['spec.maxFailedIndexes', 'the others continue if one fails: merge and status name what is missing'],
    ['spec.podFailurePolicy', 'wrong usage (exit code 2) fails immediately; a drained node is not a failure'],
    [`${podSpec}.restartPolicy`, 'backoffLimitPerIndex asks for it; a part may run twice without harm'],
    [
      `${podSpec}.activeDeadlineSeconds`,
      `${counted(imagesPerPart(plan), 'image')} take ${formatMinutes(partSeconds(plan))}${list}; twice that, and 5 min to start`,
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
  return ` Waits for the ${counted(partCount, 'part')}, checks them and publishes the feature set.`;
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

/** A document with comments above the explained values. */
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
