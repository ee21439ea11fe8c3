import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { RandomForestClassifier } from 'ml-random-forest';
import type { Matrix } from '../../../numerics/matrix.ts';
import { sharedArray } from '../../../numerics/shared-array.ts';
import { nextUint32, seedStream } from '../../../numerics/xoshiro.kernel.ts';
import { InterruptedError } from '../../../system/errors.ts';
import { startWorker, stopWorkers } from '../../../system/workers.ts';

interface MlTreeOptions {
  /** A node of at most this many rows becomes a leaf. */
  readonly minNumSamples: number;
  readonly maxDepth: number;
  readonly gainThreshold: number;
}

export interface MlForestWorkerData {
  /** Row-major, in shared memory. */
  readonly features: Float32Array;
  readonly dims: number;
  readonly labels: Int32Array;
  readonly treeOptions: MlTreeOptions;
}

/** Grow one tree on the first `rows` rows and `columns` columns. */
export interface MlTreeRequest {
  readonly rows: number;
  readonly columns: number;
  readonly featuresPerTree: number;
  readonly seed: number;
}

export interface MlTreeReply {
  /** A forest of one tree as the package's own JSON. */
  readonly tree: string;
  readonly seconds: number;
}

interface MlForestOptions {
  readonly treeCount: number;
  readonly featuresPerTree: number;
  readonly treeOptions: MlTreeOptions;
  readonly seed: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onTree?: (done: number) => void;
  /** Called once with the estimated seconds, before the first tree; may throw to stop. */
  readonly onEstimate: (seconds: number) => void;
}

/** Rows of the two trial trees that are timed before a run, on a few features each. */
const trialRows = [80, 160] as const;
const trialColumns = 4;

/** Rows converted to the package's nested arrays at a time. */
const rowBlock = 64;

/**
 * Grows a forest with the npm package ml-random-forest, one tree per call with its own seed, so that the result does
 * not depend on the number of threads.
 *
 * @returns the package's JSON of the whole forest
 * @throws InterruptedError within a second of the signal
 */
export async function growMlForest(features: Matrix, labels: Int32Array, options: MlForestOptions): Promise<string> {
  const { rowCount, columnCount: dims } = features;
  const sharedFeatures = sharedArray(Float32Array, features.data.length, features.data);
  const workerData: MlForestWorkerData = { features: sharedFeatures, dims, labels, treeOptions: options.treeOptions };
  const threads = Math.max(1, Math.min(options.threads, options.treeCount));
  const workers = Array.from({ length: threads }, () => startWorker('./grow.worker', import.meta.url, { workerData }));
  let onAbort = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(new InterruptedError());
    options.signal?.addEventListener('abort', onAbort, { once: true });
    for (const worker of workers) worker.on('error', reject);
    if (options.signal?.aborted === true) onAbort();
  });
  const seedOf = (tree: number): number => nextUint32(seedStream(options.seed, tree)) | 0;
  const trees: string[] = new Array(options.treeCount);
  let nextTree = 0;
  let grown = 0;
  const growOn = async (worker: Worker): Promise<void> => {
    while (nextTree < options.treeCount) {
      const tree = nextTree++;
      const request = { rows: rowCount, columns: dims, featuresPerTree: options.featuresPerTree, seed: seedOf(tree) };
      trees[tree] = (await ask(worker, request)).tree;
      options.onTree?.(++grown);
    }
  };
  const run = async (): Promise<string> => {
    const columns = Math.min(trialColumns, dims);
    const seconds: number[] = [];
    for (const rows of trialRows) {
      if (rows > rowCount) break;
      const request = { rows, columns, featuresPerTree: columns, seed: seedOf(0) };
      seconds.push((await ask(workers[0]!, request)).seconds);
    }
    const perTree = extrapolate(seconds, rowCount) * (options.featuresPerTree / columns);
    options.onEstimate((perTree * options.treeCount) / threads);
    await Promise.all(workers.map(growOn));
    return joinForests(trees);
  };
  try {
    return await Promise.race([run(), stopped]);
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    await stopWorkers(workers);
  }
}

/**
 * Estimated seconds of a tree on all rows from the trial trees. The package tests every cut on every row of a node, so
 * its time grows between quadratically and cubically with the rows.
 */
function extrapolate(trialSeconds: readonly number[], rowCount: number): number {
  const [few, more] = trialSeconds;
  if (few === undefined) return 0;
  if (more === undefined) return few * (rowCount / trialRows[0]) ** 2;
  const power = Math.log2(more / few) / Math.log2(trialRows[1] / trialRows[0]);
  return more * (rowCount / trialRows[1]) ** Math.min(3, Math.max(2, power));
}

function ask(worker: Worker, request: MlTreeRequest): Promise<MlTreeReply> {
  return new Promise((resolve) => {
    worker.once('message', resolve);
    worker.postMessage(request);
  });
}

interface MlForestJson {
  readonly name: string;
  readonly baseModel: {
    readonly nEstimators: number;
    readonly indexes: readonly (readonly number[])[];
    readonly estimators: readonly unknown[];
  };
}

function joinForests(forests: readonly string[]): string {
  const parsed = forests.map((text): MlForestJson => JSON.parse(text));
  const baseModel = {
    ...parsed[0]!.baseModel,
    nEstimators: parsed.length,
    indexes: parsed.flatMap((forest) => forest.baseModel.indexes),
    estimators: parsed.flatMap((forest) => forest.baseModel.estimators),
  };
  return JSON.stringify({ ...parsed[0], baseModel });
}

/** Share of the package's trees that vote for each class, [rows, classCount]. */
export async function mlForestVotes(
  forest: RandomForestClassifier,
  features: Matrix,
  classCount: number,
): Promise<Matrix> {
  const { rowCount, columnCount: dims, data } = features;
  const shares = new Float32Array(rowCount * classCount);
  for (let first = 0; first < rowCount; first += rowBlock) {
    const rows = Math.min(rowBlock, rowCount - first);
    const block = Array.from({ length: rows }, (_, i) =>
      Array.from(data.subarray((first + i) * dims, (first + i + 1) * dims)),
    );
    const votes = forest.predictionValues(block);
    const counts = new Int32Array(rows * classCount);
    for (let i = 0; i < rows; i++) for (const label of votes.getRow(i)) counts[i * classCount + label]!++;
    for (let i = 0; i < counts.length; i++) shares[first * classCount + i] = counts[i]! / votes.columns;
    await nextTurn();
  }
  return { rowCount, columnCount: classCount, data: shares };
}

/** Restores a forest from the package's JSON. The package is only loaded here and in the worker. */
export async function parseMlForest(json: string): Promise<RandomForestClassifier> {
  const { RandomForestClassifier } = await import('ml-random-forest');
  return RandomForestClassifier.load(JSON.parse(json));
}
