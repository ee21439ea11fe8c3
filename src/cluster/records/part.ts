import { createHash } from 'node:crypto';
import { withoutExtension } from '../../extract/images/list/image-names.ts';
import { usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';

/** One of N parts of a feature set; `index` counts from 0. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Most parts, to limit the files in a shared folder: see docs/cluster.md. */
export const mostParts = 100_000;

/**
 * The part of an image: the first 48 bits of the sha256 of its id without extension, modulo N. Depends only on the id,
 * so parts need no communication, and an added file only affects its own part. Without extension, because an id gets
 * one if another file has the same name otherwise.
 */
export function partOf(id: string, partCount: number): number {
  return createHash('sha256').update(withoutExtension(id), 'utf8').digest().readUIntBE(0, 6) % partCount;
}

/**
 * `--part k/N` (k from 0), `--part auto/N` (k from the scheduler) or `--part auto` (both from the scheduler): Slurm's
 * SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, or JOB_COMPLETION_INDEX of an indexed Kubernetes job.
 *
 * @throws UserError if it is invalid, or if N is unknown because only some tasks of an array were resubmitted
 */
export function parsePart(value: string, environment: Environment): Part {
  const match = /^(?:(\d+|auto)\/(\d+)|auto)$/.exec(value);
  if (match === null) throw usageError('--part', value, 'k/N with k from 0 to N-1, auto/N or auto');
  const [, first, second] = match;
  const count = second === undefined ? countFromScheduler(environment) : Number(second);
  if (count < 1 || count > mostParts) throw usageError('--part', value, `between 1 and ${counted(mostParts, 'part')}`);
  const index = first === undefined || first === 'auto' ? indexFromScheduler(environment) : Number(first);
  if (index >= count) {
    throw usageError('--part', `part ${index} of ${count}`, `a part from 0 to ${count - 1}: parts are counted from 0`);
  }
  return { index, count };
}

function indexFromScheduler(environment: Environment): number {
  for (const name of ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX']) {
    const value = environment[name];
    if (value === undefined) continue;
    if (/^\d+$/.test(value)) return Number(value);
    throw usageError(`${name} (for --part auto)`, JSON.stringify(value), 'a whole number from 0');
  }
  throw usageError(
    '--part auto',
    'neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set',
    'a task of a Slurm array or of an indexed Kubernetes job',
    'outside of a scheduler, name the part: --part 0/8',
  );
}

function countFromScheduler(environment: Environment): number {
  const { SLURM_ARRAY_TASK_COUNT: count, SLURM_ARRAY_TASK_MIN: lowest, SLURM_ARRAY_TASK_MAX: highest } = environment;
  if (count === undefined || !/^\d+$/.test(count)) {
    throw usageError('--part auto', 'SLURM_ARRAY_TASK_COUNT is not set', 'the number of parts', '--part auto/N');
  }
  // `sbatch --array=3,17,21` counts three tasks, not all parts.
  const whole =
    (lowest === undefined || lowest === '0') && (highest === undefined || Number(highest) === Number(count) - 1);
  if (whole) return Number(count);
  throw usageError(
    '--part auto',
    `a Slurm array of ${count} tasks from ${lowest} to ${highest}`,
    'tasks 0 to N-1, all of them, to take N from',
    '--part auto/N with the N of the first submission',
  );
}
