import {
  type ClusterPlan,
  describeWork,
  formatMinutes,
  imagesPerPart,
  mergeMinutes,
  partSeconds,
  timeLimitMinutes,
} from '../../cluster/plan/plan.ts';
import { shellWords } from '../../cluster/plan/quoting.ts';
import type { Submitted } from '../../cluster/plan/submit.ts';
import { ownCommand } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';
import type { Session } from '../verb.ts';
import type { PlanRequest } from './plan-options.ts';

/** Results of a plan. */
export interface Made {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Earlier files with other contents, by their new names. */
  readonly kept: readonly string[];
  /** Kubernetes alone. */
  readonly yaml?: string;
  readonly submitted?: Submitted;
}

/** Seconds below which a task is mostly start-up. */
const shortPart = 60;

/** Prints the files or the YAML, the expected resources, and the next commands. */
export async function printPlan(plan: ClusterPlan, asked: PlanRequest, made: Made, session: Session): Promise<void> {
  const { files, kept, yaml, submitted } = made;
  const next = nextSteps(plan, asked, made);
  session.printJson({
    on: asked.on,
    name: plan.name,
    tasks: plan.partCount,
    images: plan.imageCount,
    imagesPerTask: imagesPerPart(plan),
    imagesPerSecond: plan.rate,
    rateSource: plan.rateSource,
    secondsPerTask: partSeconds(plan),
    timeLimitMinutes: timeLimitMinutes(plan),
    mergeLimitMinutes: mergeMinutes(plan),
    cpus: plan.cpusPerTask,
    gpus: plan.gpusPerTask,
    memoryGB: plan.memoryGB,
    files,
    kept,
    yaml,
    submitted,
    next,
  });
  // YAML on stdout is for kubectl; the summary goes to stderr.
  const toPipe = yaml !== undefined && files.length === 0 && submitted === undefined;
  if (toPipe && !session.json) await session.write(yaml);
  const say = toPipe ? session.note : session.print;
  for (const file of kept) say(`an earlier file is kept as ${shortPath(file)}`);
  for (const file of files) say(shortPath(file));
  say(describeWork(plan));
  const gpu = plan.gpusPerTask > 0 ? `${plan.gpusPerTask} GPU, ` : '';
  say(`each task: ${gpu}${plan.cpusPerTask} CPUs, ${plan.memoryGB} GB, ${timeLimitMinutes(plan)} minutes at most`);
  for (const line of advice(plan)) say(line);
  if (submitted !== undefined) say(`submitted: ${submitted.extract}, and its merge: ${submitted.merge}`);
  for (const line of next) say(`next: ${line}`);
}

function advice(plan: ClusterPlan): readonly string[] {
  const seconds = partSeconds(plan);
  if (seconds >= shortPart || plan.partCount === 1) return [];
  const enough = Math.max(1, Math.floor((plan.partCount * seconds) / shortPart));
  const tasks = enough === 1 ? 'one machine' : `${enough} tasks`;
  return [`the parts take ${formatMinutes(seconds)} each, less than a task needs to start: ${tasks} would suffice`];
}

function nextSteps(plan: ClusterPlan, asked: PlanRequest, { files, submitted }: Made): readonly string[] {
  const status = ownCommand('status', [
    ...['--name', plan.name, '--cache', shortPath(plan.cache)],
    ...['--parts', String(plan.partCount)],
  ]);
  if (submitted !== undefined) {
    const namespace = asked.namespace === undefined ? '' : ` -n ${asked.namespace}`;
    const watch =
      asked.on === 'slurm' ? 'squeue --me' : `kubectl get jobs${namespace} -l app.kubernetes.io/name=featuretap`;
    return [watch, status];
  }
  const [first = '', second = ''] = files.map((file) => shellWords([shortPath(file)]));
  if (asked.on === 'slurm') {
    // --parsable prints `12;cluster` if there are several.
    return [`job=$(sbatch --parsable ${first}) && sbatch --dependency=afterany:\${job%%;*} ${second}`, status];
  }
  return [files.length === 0 ? 'pipe this to kubectl create -f -, or --submit' : `kubectl create -f ${first}`, status];
}
