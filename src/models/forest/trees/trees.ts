import type { Worker } from 'node:worker_threads';
import type { Matrix } from '../../../numerics/matrix.ts';
import { sharedArray } from '../../../numerics/shared-array.ts';
import { InterruptedError } from '../../../system/errors.ts';
import { pauseForInterrupt } from '../../../system/interrupt.ts';
import { startWorker, stopWorkers } from '../../../system/workers.ts';
import type { Temperature } from '../../model.ts';
import { createBinScratch, maxBins } from './bins.kernel.ts';
import { type ForestArrays, joinTrees } from './forest.kernel.ts';
import {
  type BaggedTrees,
  enoughTrees,
  fewestTrees,
  outOfBagTemperature,
  scoreOutOfBag,
  sumVotes,
  withBags,
} from './out-of-bag.ts';
import { binColumns, type TreeInput } from './tree-input.kernel.ts';
import { openScan } from './tree-scan.ts';
import { createTreeScratch, growTree, type Tree } from './trees.kernel.ts';
import type { TreesReply, TreesRequest, TreesWorkerData } from './trees.worker.ts';

interface ForestOptions extends Pick<TreeInput, 'maxFeatures' | 'maxDepth' | 'minLeaf' | 'seed'> {
  readonly treeCount: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onTree?: (done: number, total: number) => void;
  /** Also find the temperature, with these row weights; a small forest grows extra trees for it. */
  readonly judged?: { readonly weights: Float64Array | null } | null;
  /** Work (rows x depth x features x trees) above which threads are started; overridden in tests. */
  readonly threadsAbove?: number;
}

interface GrownForest {
  readonly arrays: ForestArrays;
  /** [dims]: mean over the trees of each feature's share of the impurity decrease; sums to 1 unless no tree splits. */
  readonly importances: Float64Array;
  /** Out-of-bag accuracy; null if no row is out-of-bag. */
  readonly outOfBag: { readonly accuracy: number; readonly rows: number } | null;
  readonly temperature: Temperature | null;
  readonly deepest: number;
}

/** Columns binned at a time: a cache line of float32. */
export const columnBlock = 16;

/** Row visits below which threads do not pay off: 300 trees on 800 rows of 2,048 features gain a sixth. */
const worthThreads = 1e8;

/**
 * Grows a random forest of CART trees (Breiman 2001; scikit-learn's RandomForestClassifier). The result does not depend
 * on `threads`.
 *
 * @param labels [rows], class numbers below `classCount`
 * @param weights [rows] or null; rows of weight 0 are ignored
 * @throws InterruptedError within a second of the signal
 */
export async function growForest(
  features: Matrix,
  labels: Int32Array,
  classCount: number,
  weights: Float64Array | null,
  options: ForestOptions,
): Promise<GrownForest> {
  const input = shareInput(features, labels, classCount, weights, options);
  const { judged = null } = options;
  const spareCount = judged === null ? 0 : extraTrees(options.treeCount);
  const all = await growTrees(features, input, { ...options, treeCount: options.treeCount + spareCount });
  const trees = all.slice(0, options.treeCount);
  const importances = new Float64Array(input.dims);
  let deepest = 0;
  for (const tree of trees) {
    for (let i = 0; i < importances.length; i++) importances[i] = importances[i]! + tree.importance[i]!;
    deepest = Math.max(deepest, tree.depth);
  }
  const sum = importances.reduce((total, value) => total + value, 0);
  if (sum > 0) for (let i = 0; i < importances.length; i++) importances[i] = importances[i]! / sum;

  const arrays = joinTrees(trees);
  const table = { features, labels, classCount, weights };
  const bagged = withBags(arrays, input.rowCount, options.seed);
  const outOfBag = await scoreOutOfBag(bagged, table, options.signal);
  if (judged === null) return { arrays, importances, outOfBag, deepest, temperature: null };
  const voters = all.length === trees.length ? bagged : withBags(joinTrees(all), input.rowCount, options.seed);
  const { treeCount, signal } = options;
  const temperature = await outOfBagTemperature(halve(voters), table, judged.weights, treeCount, signal);
  return { arrays, importances, outOfBag, deepest, temperature };
}

/** Extra trees that a small forest grows to find its temperature. */
export function extraTrees(treeCount: number): number {
  return treeCount >= enoughTrees ? 0 : Math.max(treeCount, fewestTrees - treeCount);
}

function halve({ forest, inBag }: BaggedTrees): readonly [BaggedTrees, BaggedTrees] {
  const middle = forest.root.length >> 1;
  const part = (from: number, to: number): BaggedTrees => ({
    forest: { ...forest, root: forest.root.subarray(from, to) },
    inBag: inBag?.slice(from, to) ?? null,
  });
  return [part(0, middle), part(middle, forest.root.length)];
}

async function growTrees(features: Matrix, input: TreeInput, options: ForestOptions): Promise<Tree[]> {
  const visits = input.rowCount * Math.log2(input.rowCount + 1) * options.maxFeatures * options.treeCount;
  const threads = Math.min(options.threads, options.treeCount);
  const threadsAbove = options.threadsAbove ?? worthThreads;
  const parallel = threads > 1 && visits > threadsAbove;
  // Large jobs use a worker even with one thread, since a huge tree would block Ctrl-C.
  return parallel || visits / options.treeCount > threadsAbove
    ? growInWorkers(features, input, options, Math.max(1, threads))
    : growInThread(features, input, options);
}

/** Mean class shares of the leaves over the trees, [rows, classCount]; scikit-learn's `predict_proba`. */
export async function forestProbabilities(forest: ForestArrays, features: Matrix, classCount: number): Promise<Matrix> {
  const { rowCount } = features;
  const data = new Float32Array(rowCount * classCount);
  const rows = Int32Array.from({ length: rowCount }, (_, row) => row);
  await sumVotes({ forest, inBag: null }, { features, classCount }, rows, undefined, (row, shares) => {
    for (let c = 0; c < classCount; c++) data[row * classCount + c] = shares[c]! / forest.root.length;
  });
  return { rowCount, columnCount: classCount, data };
}

function shareInput(
  { rowCount, columnCount: dims }: Matrix,
  labels: Int32Array,
  classCount: number,
  weights: Float64Array | null,
  { maxFeatures, maxDepth, minLeaf, seed }: ForestOptions,
): TreeInput {
  return {
    bins: sharedArray(Uint8Array, rowCount * dims),
    rowBins: sharedArray(Uint8Array, rowCount * dims),
    lows: sharedArray(Float32Array, maxBins * dims),
    highs: sharedArray(Float32Array, maxBins * dims),
    rowCount,
    dims,
    labels: sharedArray(Int32Array, rowCount, labels),
    classCount,
    weights: weights && sharedArray(Float64Array, rowCount, weights),
    ...{ maxFeatures, maxDepth, minLeaf, seed },
  };
}

async function growInThread(features: Matrix, input: TreeInput, options: ForestOptions): Promise<Tree[]> {
  const { rowCount, dims } = input;
  const binScratch = createBinScratch(rowCount);
  const stage = new Float32Array(rowCount * columnBlock);
  for (let firstColumn = 0; firstColumn < dims; firstColumn += columnBlock) {
    const columnCount = stageColumns(features, firstColumn, stage);
    binColumns(input, stage, firstColumn, columnCount, binScratch);
    await pauseForInterrupt(options.signal);
  }
  const scratch = createTreeScratch(input, openScan);
  const trees: Tree[] = [];
  for (let treeNumber = 0; treeNumber < options.treeCount; treeNumber++) {
    trees.push(growTree(input, treeNumber, scratch));
    options.onTree?.(trees.length, options.treeCount);
    await pauseForInterrupt(options.signal);
  }
  return trees;
}

/** Copies a block of columns of the row-major matrix; returns their number. */
function stageColumns(features: Matrix, firstColumn: number, stage: Float32Array): number {
  const { rowCount, columnCount: dims, data } = features;
  const columnCount = Math.min(columnBlock, dims - firstColumn);
  for (let row = 0; row < rowCount; row++) {
    const start = row * dims + firstColumn;
    for (let i = 0; i < columnCount; i++) stage[i * rowCount + row] = data[start + i]!;
  }
  return columnCount;
}

async function growInWorkers(
  features: Matrix,
  input: TreeInput,
  options: ForestOptions,
  threads: number,
): Promise<Tree[]> {
  const { treeCount, signal } = options;
  const nextTree = sharedArray(Int32Array, 1);
  const trees: Tree[] = new Array(treeCount);
  const workers: Worker[] = [];
  let grown = 0;
  let nextColumn = 0;
  let binning = 0;
  let growing = 0;
  let onAbort = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(new InterruptedError());
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const stages: Float32Array[] = [];
      const ask = (worker: Worker, request: TreesRequest): void => worker.postMessage(request);
      /** Gives a free worker the next block of columns or, once all are binned, starts tree growing on every worker. */
      const handOut = (number: number): void => {
        const worker = workers[number]!;
        if (nextColumn < input.dims) {
          const firstColumn = nextColumn;
          nextColumn += columnBlock;
          binning++;
          ask(worker, { kind: 'bin', firstColumn, columnCount: stageColumns(features, firstColumn, stages[number]!) });
        } else if (binning === 0 && growing === 0) {
          growing = workers.length;
          for (const each of workers) ask(each, { kind: 'grow' });
        }
      };
      for (let number = 0; number < threads; number++) {
        const stage = sharedArray(Float32Array, input.rowCount * columnBlock);
        stages.push(stage);
        const workerData: TreesWorkerData = { input, treeCount, nextTree, stage };
        const worker = startWorker('./trees.worker', import.meta.url, { workerData });
        workers.push(worker);
        let started = false;
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`a tree worker ended early (exit code ${code})`)));
        worker.on('message', (reply: TreesReply) => {
          if (reply.kind === 'ready') {
            if (started) binning--;
            started = true;
            handOut(number);
          } else if (reply.kind === 'tree') {
            trees[reply.treeNumber] = reply.tree;
            options.onTree?.(++grown, treeCount);
          } else if (--growing === 0) resolve();
        });
      }
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await stopWorkers(workers);
  }
  return trees;
}
