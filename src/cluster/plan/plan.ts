import { createHash } from 'node:crypto';
import { counted } from '../../system/printable.ts';

/** An extraction in parts, independent of the scheduler. */
export interface ClusterPlan {
  /** The feature set's name, from which job names derive. */
  readonly name: string;
  readonly partCount: number;
  readonly imageCount: number;
  /** Seconds to list the images, which every task does. */
  readonly listSeconds: number;
  /** Images per second of a task. */
  readonly rate: number;
  /** Source of that figure, as one line. */
  readonly rateSource: string;
  readonly cpusPerTask: number;
  readonly memoryGB: number;
  /** 0 or 1 for each task. */
  readonly gpusPerTask: number;
  /** The program and its first arguments: `["node", "/opt/featuretap/scripts/featuretap.cjs"]`. */
  readonly program: readonly string[];
  /** Arguments of `extract` without `--part`, paths absolute. */
  readonly extractArguments: readonly string[];
  /** Arguments of `merge` without `--parts`. */
  readonly mergeArguments: readonly string[];
  /** Absolute paths, the same on every node. */
  readonly data: string;
  readonly cache: string;
  /** Folder of known weights for the tasks; absent for a weights file or random weights. */
  readonly weightsHome?: string | undefined;
}

/**
 * NODE_OPTIONS of a task; undefined if Node's default heap limit (2 GB on small machines, else 4 GB) suffices. The rest
 * of the memory is for the network and decoded images.
 */
export function nodeOptions({ imageCount }: ClusterPlan): string | undefined {
  const list = listGB(imageCount);
  return list < 1 ? undefined : `--max-old-space-size=${Math.ceil(list * 1000) + 1000}`;
}

/**
 * Start-up time of a task in seconds, apart from its list (container image, program, network), on a slow shared disk.
 */
const startUpSeconds = 300;

/** Expected images per part; actual sizes vary by about its square root. */
export function imagesPerPart(plan: ClusterPlan): number {
  return Math.ceil(plan.imageCount / plan.partCount);
}

/** Expected seconds per part at the plan's rate. */
export function partSeconds(plan: ClusterPlan): number {
  return imagesPerPart(plan) / plan.rate;
}

/** Time limit of a task in minutes, rounded up to a multiple of five: twice the expected time, plus the start-up. */
export function timeLimitMinutes(plan: ClusterPlan): number {
  const seconds = 2 * (partSeconds(plan) + plan.listSeconds) + startUpSeconds;
  return Math.max(10, Math.ceil(seconds / 300) * 5);
}

/** Time limit of the merge in minutes: 10 per million images, at least 30. */
export function mergeMinutes(plan: ClusterPlan): number {
  return Math.max(30, Math.ceil(plan.imageCount / 1e6) * 10);
}

/**
 * A valid name for Slurm, Kubernetes (RFC 1123, 63 characters with a suffix) and file systems. A modified name gets six
 * digits of its hash, so that different sets never share a job.
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

/** One line about the expected work, for comments and the terminal. */
export function describeWork(plan: ClusterPlan): string {
  const { imageCount, partCount, rate, rateSource } = plan;
  const each = formatMinutes(partSeconds(plan));
  return `${counted(imageCount, 'image')} in ${counted(partCount, 'part')} of about ${imagesPerPart(plan)}: ${each} each at ${formatRate(rate)} images/s (${rateSource})`;
}

/** `under a minute`, `12 minutes`, `3.5 hours`. */
export function formatMinutes(seconds: number): string {
  if (seconds < 60) return 'under a minute';
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

function formatRate(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}

/**
 * Bytes per image of the folder: every task reads the whole list. Measured: 640 of heap with paths of 60 characters.
 */
const bytesPerListedImage = 700;
/** GB for the network (ResNet50 in float32 at batch 8), queued images, one shard and Node: 0.9 measured. */
const extractGB = 2;
/** GB per four threads, which share one decoded image of the largest size (89 million pixels). */
const gbPerFourThreads = 0.6;
/** GB for CUDA's libraries and buffers in host memory. */
const gpuGB = 2;

export function taskMemoryGB(imageCount: number, cpus: number, gpus: number): number {
  return Math.ceil(extractGB + gbPerFourThreads * Math.ceil(cpus / 4) + gpuGB * gpus + listGB(imageCount));
}

export function listGB(imageCount: number): number {
  return (imageCount * bytesPerListedImage) / 1e9;
}
