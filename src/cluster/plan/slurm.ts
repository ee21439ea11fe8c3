import { counted } from '../../system/printable.ts';
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
import { sbatchPattern, sbatchWord, shellWords } from './quoting.ts';

interface SlurmOptions {
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  /** Maximum number of concurrent tasks; Slurm's `%` in `--array`. */
  readonly atOnce?: number | undefined;
  /** A shell command that runs before node: `module load nodejs`. */
  readonly setup?: string | undefined;
  /** Absolute folder of the tasks' logs; Slurm does not create it. */
  readonly logs: string;
}

interface SlurmScripts {
  /** The array job. */
  readonly extract: string;
  /** The merge, to be submitted with a dependency on the array. */
  readonly merge: string;
}

/** Restarts of a task before it counts as failed; each resumes from the last checkpoint. */
const mostRestarts = 5;
/** Time to finish a batch and write a checkpoint. */
const noticeSeconds = 120;

/** The sbatch scripts of a plan, with comments that explain every value. */
export function slurmScripts(plan: ClusterPlan, options: SlurmOptions): SlurmScripts {
  return { extract: extractScript(plan, options), merge: mergeScript(plan, options) };
}

function extractScript(plan: ClusterPlan, options: SlurmOptions): string {
  const { partCount, cpusPerTask, memoryGB, gpusPerTask } = plan;
  const { atOnce, logs } = options;
  const lines = [
    '#!/bin/bash',
    `# ${describeWork(plan)}`,
    '# A complete part ends immediately when its task runs again, and an interrupted one resumes from its last',
    '# checkpoint: submit this file again as often as needed, whole or in part (sbatch --array=3,17).',
    directive('job-name', jobName(plan), 'squeue --name finds the array by it'),
    directive(
      'array',
      `0-${partCount - 1}${atOnce === undefined ? '' : `%${atOnce}`}`,
      `one task per part; part = task number${atOnce === undefined ? '' : `, at most ${atOnce} at once`}`,
    ),
    directive('requeue', undefined, 'a task whose node fails or that is preempted starts again'),
    directive('open-mode', 'append', 'a restarted task keeps the log of its first try'),
    directive('nodes', '1', 'parts do not communicate'),
    directive('ntasks', '1', 'one process; it starts its own threads'),
    directive(
      'cpus-per-task',
      String(cpusPerTask),
      gpusPerTask > 0 ? 'decoding must keep up with the GPU' : 'the network and the decoder share them',
    ),
    directive('mem', `${memoryGB}G`, 'extract stays below this: docs/cluster.md says why'),
    ...(gpusPerTask > 0 ? [directive('gres', `gpu:${gpusPerTask}`, 'one network, one GPU')] : []),
    directive('time', clock(timeLimitMinutes(plan)), timeReason(plan)),
    directive('signal', `B:USR1@${noticeSeconds}`, 'seconds before the limit at which the worker is asked to stop'),
    directive('output', sbatchWord(`${sbatchPattern(logs)}/%x-%A-%a.log`), 'one log per task'),
    ...siteDirectives(options),
    ...setupLines(options),
    '',
    '# Temporary files go to the local disk of the node.',
    'TMPDIR="$(mktemp -d -t featuretap.XXXXXX)"',
    'export TMPDIR',
    `trap 'rm -rf "$TMPDIR"' EXIT`,
    ...environmentLines(plan),
    '',
    `${shellWords([...plan.program, 'extract', ...plan.extractArguments])} --part "$SLURM_ARRAY_TASK_ID/${partCount}" &`,
    'worker=$!',
    '',
    '# scancel tells the worker too; the script waits for it to end.',
    'trap : TERM',
    'out_of_time=',
    `trap 'out_of_time=yes; kill -TERM "$worker"' USR1`,
    '# A signal ends wait before the worker has ended: wait again.',
    'wait "$worker"; status=$?',
    'while kill -0 "$worker" 2>/dev/null; do wait "$worker"; status=$?; done',
    '',
    '# Out of time, or killed (137: by the kernel when memory ran out, or by hand): back into the queue. Slurm itself',
    '# does that only when the node fails.',
    `if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${mostRestarts} ] && [ "$status" -ne 0 ]; then`,
    '  if [ -n "$out_of_time" ] || [ "$status" -eq 137 ]; then',
    '    echo "part $SLURM_ARRAY_TASK_ID ended with status $status: back into the queue" >&2',
    '    scontrol requeue "$SLURM_JOB_ID"',
    '  fi',
    'fi',
    'exit "$status"',
    '',
  ];
  return lines.join('\n');
}

function mergeScript(plan: ClusterPlan, options: SlurmOptions): string {
  const { partCount } = plan;
  const lines = [
    '#!/bin/bash',
    `# Checks all ${counted(partCount, 'part')} and publishes the feature set; where parts are missing or damaged, names them as an`,
    '# expression for sbatch --array, and publishes nothing. Submit it behind the array, whatever became of its tasks:',
    '# sbatch --dependency=afterany:JOB (with afterok it would wait for ever once one task has failed).',
    directive('job-name', `${jobName(plan)}-merge`, 'squeue --name finds it'),
    directive('requeue', undefined, 'merging again does no harm'),
    directive('open-mode', 'append', 'the log keeps what an earlier try said'),
    directive('nodes', '1', 'one process'),
    directive('ntasks', '1', 'one process'),
    directive('cpus-per-task', '1', 'reading and hashing'),
    directive('mem', '4G', 'rows are streamed: docs/cluster.md has the figures'),
    directive('time', clock(mergeMinutes(plan)), '10 min per million images, 30 at least'),
    directive('output', sbatchWord(`${sbatchPattern(options.logs)}/%x-%j.log`), 'one log per try'),
    ...siteDirectives(options),
    ...setupLines(options),
    ...environmentLines(plan),
    '',
    `exec ${shellWords([...plan.program, 'merge', ...plan.mergeArguments, '--parts', String(partCount)])}`,
    '',
  ];
  return lines.join('\n');
}

function siteDirectives({ partition, account }: SlurmOptions): readonly string[] {
  return [
    ...(partition === undefined ? [] : [directive('partition', sbatchWord(partition), 'as asked for')]),
    ...(account === undefined ? [] : [directive('account', sbatchWord(account), 'as asked for')]),
  ];
}

function environmentLines(plan: ClusterPlan): readonly string[] {
  const { weightsHome } = plan;
  const heap = nodeOptions(plan);
  return [
    ...(weightsHome === undefined
      ? []
      : [
          '',
          '# The weights lie on the shared disk: no task downloads them.',
          `export FEATURETAP_CACHE_HOME=${shellWords([weightsHome])}`,
        ]),
    ...(heap === undefined
      ? []
      : ['', '# The list of images needs more than Node takes by itself, in MB.', `export NODE_OPTIONS=${heap}`]),
  ];
}

function setupLines({ setup }: SlurmOptions): readonly string[] {
  return setup === undefined
    ? ['', '# What your site needs before node runs (module load …): featuretap plan --setup COMMAND.']
    : ['', '# What the site needs before node runs, as asked for.', setup];
}

function directive(option: string, value: string | undefined, reason: string): string {
  return `${`#SBATCH --${option}${value === undefined ? '' : `=${value}`}`.padEnd(40)} # ${reason}`;
}

function timeReason(plan: ClusterPlan): string {
  const list = plan.listSeconds < 30 ? '' : `, the list ${formatMinutes(plan.listSeconds)}`;
  return `${counted(imagesPerPart(plan), 'image')} take ${formatMinutes(partSeconds(plan))}${list}; twice that, and 5 min to start`;
}

/** Slurm's `days-hours:minutes:seconds`. */
function clock(minutes: number): string {
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${days > 0 ? `${days}-` : ''}${two(hours)}:${two(rest)}:00`;
}
