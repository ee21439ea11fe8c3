/** What both schedulers need to know to run one extraction in parts. */
export interface ClusterPlan {
  /** The feature set's name; job names come from it. */
  readonly name: string;
  readonly partCount: number;
  readonly imageCount: number;
  /** Images per second of one task, and where that figure comes from. */
  readonly rate: number;
  readonly rateSource: string;
  readonly cpusPerTask: number;
  readonly memoryGB: number;
  /** 0 or 1 for each task. */
  readonly gpusPerTask: number;
  /** The program and its first arguments, as one would type them: `["node", "/opt/featuretap/scripts/featuretap.cjs"]`. */
  readonly program: readonly string[];
  /** Arguments of `extract` without `--part`. */
  readonly extractArguments: readonly string[];
  /** Absolute paths: they are the same on every node. */
  readonly data: string;
  readonly cache: string;
}

/** Start-up of a task (reading the list, opening the network), in seconds, on a slow shared file system. */
const startUpSeconds = 300;

/** Images of one part when they spread evenly; sizes vary by about the square root of this. */
export function imagesPerPart(plan: ClusterPlan): number {
  return Math.ceil(plan.imageCount / plan.partCount);
}

/** Seconds of work of one part at the plan's rate. */
export function partSeconds(plan: ClusterPlan): number {
  return imagesPerPart(plan) / plan.rate;
}

/** A time limit for one task, in whole minutes, rounded up to five: twice the expected work, and the start-up. */
export function timeLimitMinutes(plan: ClusterPlan): number {
  const seconds = 2 * partSeconds(plan) + startUpSeconds;
  return Math.max(10, Math.ceil(seconds / 300) * 5);
}

/** A name that Slurm, Kubernetes (RFC 1123, 50 characters leave room for a suffix) and file systems all take. */
export function jobName(plan: ClusterPlan): string {
  const name = plan.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 36)
    .replaceAll(/-+$/g, '');
  return `featuretap-${name === '' ? 'set' : name}`;
}

/** One line that says what the plan expects, for comments and for the terminal. */
export function describeWork(plan: ClusterPlan): string {
  const minutes = partSeconds(plan) / 60;
  return `${plan.imageCount} images in ${plan.partCount} parts of about ${imagesPerPart(plan)}: ${minutes < 1 ? 'under a minute' : `${Math.ceil(minutes)} minutes`} each at ${formatRate(plan.rate)} images/s (${plan.rateSource})`;
}

function formatRate(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : rate.toFixed(1);
}
