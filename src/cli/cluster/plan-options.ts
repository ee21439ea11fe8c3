import { isAbsolute, resolve } from 'node:path';
import type { Claim } from '../../cluster/plan/kubernetes.ts';
import { mostParts } from '../../cluster/records/part.ts';
import type { LayoutOptions } from '../../extract/images/list/image-file.ts';
import { mostImages } from '../../extract/images/list/most-images.ts';
import { knownWeights } from '../../extract/weights/known-weights.ts';
import { packagedWeightsOf } from '../../extract/weights/packaged-weights.ts';
import { usageError } from '../../system/errors.ts';
import { choice, flag, list, number, text } from '../options.ts';
import type { Options } from '../verb.ts';

/** What `plan` is told beside the options of extract. */
export interface PlanRequest {
  readonly on: 'slurm' | 'kubernetes';
  readonly tasks: number;
  readonly atOnce: number | undefined;
  readonly cpus: number;
  readonly gpus: number;
  readonly memoryGB: number | undefined;
  readonly rate: number | undefined;
  /** Given where the data folder is not on this machine. */
  readonly imageCount: number | undefined;
  readonly out: string | undefined;
  readonly submit: boolean;
  readonly setup: string | undefined;
  readonly partition: string | undefined;
  readonly account: string | undefined;
  readonly image: string | undefined;
  readonly namespace: string | undefined;
  readonly dataClaim: Claim | undefined;
  readonly cacheClaim: Claim | undefined;
}

/** @throws UserError where one is not usable, or is for the other scheduler */
export function readPlanOptions(options: Options): PlanRequest {
  const on = choice(options, 'on', ['slurm', 'kubernetes']);
  if (on === undefined) throw usageError('--on', 'no value', 'slurm | kubernetes');
  const tasks = number(options, 'tasks', { whole: true, min: 1, max: mostParts });
  if (tasks === undefined) {
    throw usageError('--tasks', 'no value', 'the number of parts, each of them one task', '--tasks 8');
  }
  refuseOthers(options, on);
  if (options['threads'] !== undefined) {
    throw usageError('--threads', 'given', 'the CPUs of a task, which are its threads too', '--cpus N');
  }
  const onGpu = ['cuda', 'webgpu'].includes(text(options, 'device', 'auto'));
  const gpus = number(options, 'gpus', { whole: true, min: 0, max: 1 }, onGpu ? 1 : 0);
  if (gpus === 0 && onGpu) throw usageError('--gpus', '0 with a --device that is one', '--gpus 1, or --device cpu');
  if (gpus === 1 && text(options, 'device', 'auto') === 'cpu') {
    throw usageError('--gpus', '1 with --device cpu', '--gpus 0, or --device cuda');
  }
  return {
    on,
    tasks,
    gpus,
    // Decoding for a GPU takes more than a few cores; without one, network and decoder share what there is.
    cpus: number(options, 'cpus', { whole: true, min: 1, max: 1024 }, gpus > 0 ? 8 : 4),
    submit: flag(options, 'submit'),
    atOnce: number(options, 'at-once', { whole: true, min: 1 }),
    memoryGB: number(options, 'memory', { whole: true, min: 1 }),
    rate: number(options, 'rate', { above: 0 }),
    imageCount: countGiven(options),
    out: text(options, 'out'),
    setup: text(options, 'setup'),
    partition: word(options, 'partition'),
    account: word(options, 'account'),
    image: text(options, 'image'),
    namespace: text(options, 'namespace'),
    dataClaim: claim(options, 'data-claim'),
    cacheClaim: claim(options, 'cache-claim'),
  };
}

const slurmOnly = ['partition', 'account', 'setup'];
const kubernetesOnly = ['image', 'namespace', 'data-claim', 'cache-claim'];

function refuseOthers(options: Options, on: PlanRequest['on']): void {
  for (const name of on === 'slurm' ? kubernetesOnly : slurmOnly) {
    if (options[name] === undefined) continue;
    const other = on === 'slurm' ? 'kubernetes' : 'slurm';
    throw usageError(`--${name}`, `given with --on ${on}`, `options of ${on}`, `leave it out, or --on ${other}`);
  }
}

/** Names of partitions and accounts: nothing that could end the line it is written into. */
function word(options: Options, name: string): string | undefined {
  const value = text(options, name);
  if (value === undefined || /^[\w.,@+-]+$/.test(value)) return value;
  throw usageError(`--${name}`, JSON.stringify(value), 'a name as sinfo and sacctmgr print it');
}

/** `CLAIM` or `CLAIM:FOLDER`. */
function claim(options: Options, name: string): Claim | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  const match = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)(?::([^/].*))?$/.exec(value);
  if (match === null || (match[3] ?? '').split('/').includes('..')) {
    throw usageError(
      `--${name}`,
      value,
      'the name of a PersistentVolumeClaim, with a folder in it or without',
      'claim:folder',
    );
  }
  return { name: match[1] as string, subPath: match[3] };
}

/** `--images` names folders where it is no number. */
function countGiven(options: Options): number | undefined {
  const [first = '', ...others] = list(options, 'images');
  if (first === '' || others.length > 0 || !/^[-\d.]+$/.test(first)) return undefined;
  return number({ images: first }, 'images', { whole: true, min: 1, max: mostImages });
}

/** Options of extract that take a value and are handed on to the tasks as they are. */
const handedOn = [
  'depth',
  'label-from',
  'weights-key',
  'variant',
  'id-column',
  'label-column',
  'conflicts',
  'seed',
  'tap',
  'pool',
  'resize',
  'crop',
  'sixteen-bit',
  'interpolation',
  'mean',
  'std',
  'views',
  'dtype',
  'precision',
  'batch',
  'engine',
  'shard-mb',
  'checkpoint',
];
const handedOnFlags = ['auto-orient', 'skip-unreadable', 'allow-missing', 'replace', 'rehash'];

export interface TaskFolders {
  readonly name: string;
  /** Absolute. */
  readonly data: string;
  readonly cache: string;
  readonly weights: string;
  /** How the data folder is read: its paths are absolute. */
  readonly layout: LayoutOptions | undefined;
}

/** The arguments of `extract` and `merge` in a task: what was given, with absolute paths. */
export function taskArguments(options: Options, folders: TaskFolders): readonly string[] {
  const { name, data, cache, weights, layout } = folders;
  const pairs: (readonly [string, string])[] = [
    ['data', data],
    ['name', name],
    ['cache', cache],
    ['weights', weights],
  ];
  if (layout?.labels !== undefined) pairs.push(['labels', layout.labels]);
  if (layout?.images !== undefined) pairs.push(['images', layout.images.join(',')]);
  for (const option of handedOn) {
    const value = text(options, option);
    if (value !== undefined) pairs.push([option, value]);
  }
  const flags = handedOnFlags.filter((option) => flag(options, option)).map((option) => `--${option}`);
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
