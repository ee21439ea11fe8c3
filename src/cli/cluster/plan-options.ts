import { isAbsolute, resolve } from 'node:path';
import type { Claim } from '../../cluster/plan/kubernetes.ts';
import { mostParts } from '../../cluster/records/part.ts';
import type { LayoutOptions } from '../../extract/images/list/image-file.ts';
import { mostImages } from '../../extract/images/list/most-images.ts';
import { type ExtractValues, extractOptions } from '../../extract/options.ts';
import { knownWeights } from '../../extract/weights/known-weights.ts';
import { packagedWeightsOf } from '../../extract/weights/packaged-weights.ts';
import { usageError } from '../../system/errors.ts';
import { type OptionSpec, type OptionValues, optionName, type RawOptions, readOptions } from '../../system/options.ts';

/** Options of `plan` in addition to those of extract. */
export const planOptions = {
  on: { describe: 'the scheduler', words: ['slurm', 'kubernetes'] },
  tasks: {
    describe: 'parts, each of them one task',
    numbers: { whole: true, min: 1, max: mostParts as typeof mostParts },
  },
  submit: { describe: 'submit the jobs with sbatch or kubectl', flag: true },
  out: { describe: 'folder of the files', text: true, unset: 'slurm/NAME; kubernetes: standard output' },
  atOnce: {
    describe: 'maximum number of concurrent tasks',
    numbers: { whole: true, min: 1 },
    unset: 'all',
  },
  // Decoding for a GPU takes more than a few cores.
  cpus: {
    describe: 'CPUs of a task, and its threads',
    numbers: { whole: true, min: 1, max: 1024 },
    unset: '4; 8 with a GPU',
  },
  gpus: {
    describe: 'GPUs of a task',
    numbers: { whole: true, min: 0, max: 1 },
    unset: '0; 1 with --device cuda',
  },
  memory: { describe: 'GB of a task', numbers: { whole: true, min: 1 }, unset: 'from the number of images' },
  rate: {
    describe: 'images per second of a task',
    numbers: { above: 0 },
    unset: 'the last run of this network, else measured',
  },
  images: {
    describe: 'number of images, where --data is not on this machine; or, as for extract, their folders',
    text: true,
    list: true,
    greedy: true,
  },
  setup: { describe: 'slurm: a command that runs before node, as module load nodejs', text: true },
  partition: { describe: 'slurm: where the jobs run', parse: parseWord as typeof parseWord },
  account: { describe: 'slurm: account to charge', parse: parseWord as typeof parseWord },
  image: { describe: 'kubernetes: container image with featuretap', text: true },
  namespace: { describe: 'kubernetes: of the jobs', text: true, unset: "the context's" },
  dataClaim: {
    describe: 'kubernetes: CLAIM or CLAIM:FOLDER with the images of --data',
    parse: parseClaim as typeof parseClaim,
  },
  cacheClaim: { describe: 'kubernetes: CLAIM or CLAIM:FOLDER for --cache', parse: parseClaim as typeof parseClaim },
} as const;

const imageCountOption = { describe: 'number of images', numbers: { whole: true, min: 1, max: mostImages } } as const;

type PlanValues = OptionValues<typeof planOptions>;

/** The options of a plan, checked together. */
export interface PlanRequest extends Omit<PlanValues, 'images'> {
  readonly on: NonNullable<PlanValues['on']>;
  readonly tasks: number;
  readonly cpus: number;
  readonly gpus: number;
  /** Given if the data folder is not on this machine. */
  readonly imageCount: number | undefined;
}

/** @throws UserError if one is not usable, or is for the other scheduler */
export function planRequest(
  values: PlanValues,
  { device }: Pick<ExtractValues, 'device'>,
  given: RawOptions,
): PlanRequest {
  const { on, tasks, images, ...rest } = values;
  if (on === undefined) throw usageError('--on', 'no value', 'slurm | kubernetes');
  if (tasks === undefined) {
    throw usageError('--tasks', 'no value', 'the number of parts, each of them one task', '--tasks 8');
  }
  refuseOthers(given, on);
  if (given['threads'] !== undefined) {
    throw usageError('--threads', 'given', 'the CPUs of a task, which are its threads too', '--cpus N');
  }
  const onGpu = device === 'cuda' || device === 'webgpu';
  const gpus = values.gpus ?? (onGpu ? 1 : 0);
  if (gpus === 0 && onGpu) throw usageError('--gpus', '0 with a --device that is one', '--gpus 1, or --device cpu');
  if (gpus === 1 && device === 'cpu') throw usageError('--gpus', '1 with --device cpu', '--gpus 0, or --device cuda');
  const [count] = isCount(images) ? images : [];
  const { images: imageCount } = readOptions({ images: imageCountOption }, { images: count });
  return { ...rest, on, tasks, gpus, cpus: values.cpus ?? (gpus > 0 ? 8 : 4), imageCount };
}

/** `--images` names folders where it is not a number. */
export function isCount([first = '', ...others]: readonly string[]): boolean {
  return others.length === 0 && /^[-\d.]+$/.test(first);
}

const slurmOnly = ['partition', 'account', 'setup'];
const kubernetesOnly = ['image', 'namespace', 'data-claim', 'cache-claim'];

function refuseOthers(given: RawOptions, on: PlanRequest['on']): void {
  for (const name of on === 'slurm' ? kubernetesOnly : slurmOnly) {
    if (given[name] === undefined) continue;
    const other = on === 'slurm' ? 'kubernetes' : 'slurm';
    throw usageError(`--${name}`, `given with --on ${on}`, `options of ${on}`, `leave it out, or --on ${other}`);
  }
}

/** The name of a partition or account, which must not end the line it is written to. */
function parseWord(given: string, name: string): string {
  if (/^[\w.,@+-]+$/.test(given)) return given;
  throw usageError(name, JSON.stringify(given), 'a name as sinfo and sacctmgr print it');
}

/** `CLAIM` or `CLAIM:FOLDER`. */
function parseClaim(given: string, option: string): Claim {
  const [, name, , subPath] = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)(?::([^/].*))?$/.exec(given) ?? [];
  if (name !== undefined && subPath?.split('/').includes('..') !== true) return { name, subPath };
  const expected = 'the name of a PersistentVolumeClaim, with a folder in it or without';
  throw usageError(option, given, expected, 'claim:folder');
}

/** Options of extract that a task gets with other values: absolute paths, its own CPUs. */
const ownToTasks = ['data', 'name', 'cache', 'weights', 'labels', 'images', 'device', 'threads'];

interface TaskFolders {
  readonly name: string;
  /** Absolute. */
  readonly data: string;
  readonly cache: string;
  readonly weights: string;
  /** How the data folder is read: its paths are absolute. */
  readonly layout: LayoutOptions | undefined;
}

/** The arguments of `extract` and `merge` in a task: what was given, with absolute paths. */
export function taskArguments(given: RawOptions, folders: TaskFolders): readonly string[] {
  const { name, data, cache, weights, layout } = folders;
  const pairs: (readonly [string, string])[] = [
    ['data', data],
    ['name', name],
    ['cache', cache],
    ['weights', weights],
  ];
  if (layout?.labels !== undefined) pairs.push(['labels', layout.labels]);
  if (layout?.images !== undefined) pairs.push(['images', layout.images.join(',')]);
  const flags: string[] = [];
  for (const [key, spec] of Object.entries<OptionSpec>(extractOptions)) {
    const [name, value] = [optionName(key), given[optionName(key)]];
    if (ownToTasks.includes(key) || value === undefined) continue;
    if (spec.flag !== true) pairs.push([name, Array.isArray(value) ? value.join(',') : String(value)]);
    else if (value === true) flags.push(`--${name}`);
  }
  // A value that begins with a dash would be taken for an option.
  const words = pairs.flatMap(([key, value]) => (value.startsWith('-') ? [`--${key}=${value}`] : [`--${key}`, value]));
  return [...words, ...flags];
}

/** Weights as the tasks find them: a file by its absolute path, a name as it is. */
export function absoluteWeights(weights: string): string {
  const isName = Object.hasOwn(knownWeights, weights) || packagedWeightsOf(weights) !== undefined;
  return isName || /^random(:|$)/.test(weights) ? weights : resolve(weights);
}

/** Whether a path lies in a folder or is that folder. */
export function isBelow(path: string, folder: string): boolean {
  const base = folder.endsWith('/') ? folder : `${folder}/`;
  return isAbsolute(path) && (path === folder || path.startsWith(base));
}
