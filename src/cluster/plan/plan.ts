import { createHash } from 'node:crypto';
import { listGB } from './task-memory.ts';

/** What both schedulers need to know to run one extraction in parts. */
export interface ClusterPlan {
  /** The feature set's name; job names come from it. */
  readonly name: string;
  readonly partCount: number;
  readonly imageCount: number;
  /** Seconds that reading the list of images takes: every task does it. */
  readonly listSeconds: number;
  /** Images per second of one task. */
  readonly rate: number;
  /** Where that figure comes from, for a comment: one line. */
  readonly rateSource: string;
  readonly cpusPerTask: number;
  readonly memoryGB: number;
  /** 0 or 1 for each task. */
  readonly gpusPerTask: number;
  /** The program and its first arguments, as one would type them: `["node", "/opt/featuretap/scripts/featuretap.cjs"]`. */
  readonly program: readonly string[];
  /** Arguments of `extract` without `--part`, paths absolute. */
  readonly extractArguments: readonly string[];
  /** Arguments of `merge` without `--parts`. */
  readonly mergeArguments: readonly string[];
  /** Absolute paths: they are the same on every node. */
  readonly data: string;
  readonly cache: string;
  /** Where the tasks find weights of a known name; absent if they are read from a file, or drawn. */
  readonly weightsHome?: string | undefined;
}

/**
 * NODE_OPTIONS of a task; undefined if Node's own limit (2 GB on small machines, 4 GB on others) does. The rest of the
 * memory is for what is not JavaScript's: the network and decoded images.
 */
export function nodeOptions({ imageCount }: ClusterPlan): string | undefined {
  const list = listGB(imageCount);
  return list < 1 ? undefined : `--max-old-space-size=${Math.ceil(list * 1000) + 1000}`;
}

/** Start-up of a task beside its list (a container image, the program, the network) on a slow shared disk, in seconds. */
const startUpSeconds = 300;

/** Images of one part when they spread evenly; sizes vary by about the square root of this. */
export function imagesPerPart(plan: ClusterPlan): number {
  return Math.ceil(plan.imageCount / plan.partCount);
}

/** Seconds of work of one part at the plan's rate. */
export function partSeconds(plan: ClusterPlan): number {
  return imagesPerPart(plan) / plan.rate;
}

/** A time limit for one task, in whole minutes, rounded up to five: twice the expected work and list, and the start-up. */
export function timeLimitMinutes(plan: ClusterPlan): number {
  const seconds = 2 * (partSeconds(plan) + plan.listSeconds) + startUpSeconds;
  return Math.max(10, Math.ceil(seconds / 300) * 5);
}

/** A time limit for the merge, in minutes: 10 for each million images, 30 at least. */
export function mergeMinutes(plan: ClusterPlan): number {
  return Math.max(30, Math.ceil(plan.imageCount / 1e6) * 10);
}

/**
 * A name that Slurm, Kubernetes (RFC 1123, 63 characters with a suffix) and file systems all take. One that had to be
 * changed for that gets six digits of its hash: two sets never share a job.
 */
export function jobName({ name }: Pick<ClusterPlan, 'name'>): string {
  if (/^[a-z0-9]([a-z0-9-]{0,34}[a-z0-9])?$/.test(name)) return `featuretap-${name}`;
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 29)
    .replaceAll(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(name, 'utf8').digest('hex').slice(0, 6);
  return ['featuretap', plain, hash].filter((part) => part !== '').join('-');
}

/** One line that says what the plan expects, for comments and for the terminal. */
export function describeWork(plan: ClusterPlan): string {
  const { imageCount, partCount, rate, rateSource } = plan;
  const each = formatMinutes(partSeconds(plan));
  return `${imageCount} images in ${partCount} parts of about ${imagesPerPart(plan)}: ${each} each at ${formatRate(rate)} images/s (${rateSource})`;
}

/** `under a minute`, `12 minutes`, `3.5 hours`. */
export function formatMinutes(seconds: number): string {
  if (seconds < 60) return 'under a minute';
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

function formatRate(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}
