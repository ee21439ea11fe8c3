import { type ClusterPlan, describeWork, imagesPerPart, jobName, partSeconds, timeLimitMinutes } from './plan.ts';

export interface SlurmOptions {
  readonly partition?: string;
  readonly account?: string;
  /** Tasks that run at once, at most; Slurm's `%` in `--array`. */
  readonly atOnce?: number;
  /** Folder of the tasks' logs. */
  readonly logs: string;
}

export interface SlurmScripts {
  /** The array job. */
  readonly extract: string;
  /** The merge, submitted with a dependency on the array. */
  readonly merge: string;
}

/** The sbatch scripts of a plan, with a reason beside every value. */
export function slurmScripts(plan: ClusterPlan, options: SlurmOptions): SlurmScripts {
  const name = jobName(plan);
  const tasks = `0-${plan.partCount - 1}${options.atOnce === undefined ? '' : `%${options.atOnce}`}`;
  const common = [
    ...(options.partition === undefined ? [] : [directive('partition', options.partition, 'as asked for')]),
    ...(options.account === undefined ? [] : [directive('account', options.account, 'as asked for')]),
  ];
  const extract = [
    '#!/bin/bash',
    `# ${describeWork(plan)}`,
    directive('job-name', name, 'one name for the array; squeue --name finds it'),
    directive(
      'array',
      tasks,
      `one task per part; part = task number${options.atOnce === undefined ? '' : `, at most ${options.atOnce} at once`}`,
    ),
    directive(
      'requeue',
      undefined,
      'a task whose node fails or that is preempted starts again: a part may run twice without harm',
    ),
    directive('open-mode', 'append', 'the log of a requeued task keeps what its first try said'),
    directive('nodes', '1', 'a part needs no word with another'),
    directive('ntasks', '1', ''),
    directive(
      'cpus-per-task',
      String(plan.cpusPerTask),
      plan.gpusPerTask > 0 ? 'decoding must keep up with the GPU' : 'the network and the decoder share them',
    ),
    directive('mem', `${plan.memoryGB}G`, 'extract stays flat below this whatever the number of images'),
    ...(plan.gpusPerTask > 0 ? [directive('gres', `gpu:${plan.gpusPerTask}`, 'one network, one GPU')] : []),
    directive(
      'time',
      clock(timeLimitMinutes(plan)),
      `${imagesPerPart(plan)} images take about ${Math.ceil(partSeconds(plan) / 60)} min; twice that and 5 min to start`,
    ),
    directive('signal', 'INT@60', 'a minute before the limit: finish what is under way and end in good order'),
    directive('output', `${options.logs}/%x-%A-%a.log`, 'one log per task'),
    ...common,
    '',
    'set -euo pipefail',
    '',
    '# What is only needed while the task runs goes to the local disk of its node.',
    'TMPDIR="$(mktemp -d "${TMPDIR:-/tmp}/featuretap.XXXXXX")"',
    'export TMPDIR',
    `trap 'rm -rf "$TMPDIR"' EXIT`,
    '',
    '# exec would lose the trap; srun hands --signal to the program itself.',
    `srun ${words([...plan.program, 'extract', ...plan.extractArguments])} --part "$SLURM_ARRAY_TASK_ID/${plan.partCount}"`,
    '',
  ];
  const merge = [
    '#!/bin/bash',
    `# Checks all ${plan.partCount} parts and publishes the feature set; names the parts that are missing.`,
    directive('job-name', `${name}-merge`, ''),
    directive('requeue', undefined, 'merging again does no harm'),
    directive('nodes', '1', ''),
    directive('ntasks', '1', ''),
    directive('cpus-per-task', '1', 'reading and hashing'),
    directive('mem', '4G', 'streamed: see docs/cluster.md for the figures'),
    directive(
      'time',
      clock(Math.max(30, Math.ceil(plan.imageCount / 1e6) * 10)),
      '10 min per million images, 30 at least',
    ),
    directive('output', `${options.logs}/%x-%j.log`, ''),
    ...common,
    '',
    'set -euo pipefail',
    `${words([...plan.program, 'merge', ...plan.extractArguments])} --parts ${plan.partCount}`,
    '',
  ];
  return { extract: extract.join('\n'), merge: merge.join('\n') };
}

function directive(option: string, value: string | undefined, reason: string): string {
  const text = `#SBATCH --${option}${value === undefined ? '' : `=${value}`}`;
  return reason === '' ? text : `${text.padEnd(44)} # ${reason}`;
}

/** Slurm's `days-hours:minutes:seconds`. */
function clock(minutes: number): string {
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${days > 0 ? `${days}-` : ''}${two(hours)}:${two(rest)}:00`;
}

/** Shell words; anything but plain characters goes into single quotes. */
export function words(values: readonly string[]): string {
  return values
    .map((value) => (/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
