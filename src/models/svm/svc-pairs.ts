import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { sharedArray } from '../../numerics/shared-array.ts';
import { valueAt } from '../../system/at.ts';
import { InterruptedError } from '../../system/errors.ts';
import { startWorker } from '../../system/workers.ts';
import type { MlSvmJob } from './ml-svm/ml-svm.ts';
import { smoSolver } from './smo/smo.kernel.ts';
import { openSmoLoops } from './smo/smo-loops.ts';
import { FINISHED, type PairsJob, type PairsRunner, pairsRunner, STOP } from './svc-pairs.kernel.ts';

/** What one-vs-one training starts from; the arrays' meaning is in `PairsJob`. */
export interface PairsInput {
  /** On shared memory, else every other thread gets a copy. */
  readonly gram: Float32Array;
  readonly stride: number;
  readonly rows: Int32Array;
  readonly classStart: Int32Array;
  readonly caps: Float64Array;
  readonly folds?: Int32Array;
  readonly foldCount?: number;
  readonly epsilon: number;
  readonly maxIterations: number;
  /**
   * The result on the same rows with all caps smaller by one factor: a classifier that never met a cap there would take the
   * same steps again, and is taken over. Without folds alone.
   */
  readonly smallerCaps?: PairsResult;
}

export interface PairsResult {
  /** y alpha, [rows, classes - 1]; the slot of another class o is o below the row's class, o - 1 above. */
  readonly coefficients: Float64Array;
  /** Decision values of held-out rows, [rows, classes - 1], positive for the lower class; NaN if there is none. */
  readonly heldOut: Float64Array;
  /** Per pair, (0,1), (0,2) … (1,2) … */
  readonly rho: Float64Array;
  readonly iterations: Int32Array;
  readonly gaps: Float64Array;
  /** 1 for a pair whose answer depends on the caps. */
  readonly capped: Uint8Array;
}

interface PairsContext {
  readonly threads: number;
  /** `ml-svm` solves each classifier by the npm package of that name, always in workers; its draws come from the seed. */
  readonly solver?: { readonly name: 'ml-svm'; readonly seed: number };
  /** Kernel values of all classifiers and folds from which one more thread is started. */
  readonly kernelValuesPerThread?: number;
  /** Threads that were started before, and serve other fits after: their owner closes them. */
  readonly workers?: PairWorkers | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Kernel values of all classifiers and folds for which one more thread pays: it takes a third of a second of a core to
 * start, in which another solves about this many (5 ns per value; linear C=0.01, 154 rows per classifier, one fold).
 */
const KERNEL_VALUES_PER_THREAD = 60_000_000;
/** What a classifier costs however few its rows, as kernel values. */
const KERNEL_VALUES_PER_CLASSIFIER = 2000;
/** Row steps between turns of the event loop: some tens of milliseconds, so that Ctrl-C is heard. */
const ROW_STEPS = 10_000_000;
/** Between looks at the pairs that other threads still work on. */
const WAIT_MS = 2;

/**
 * Fits every one-vs-one classifier: the calling thread and up to `threads - 1` workers take pairs off one list.
 *
 * @throws InterruptedError if the signal aborts, within some tens of milliseconds
 */
export async function fitPairs(input: PairsInput, context: PairsContext): Promise<PairsResult> {
  const classCount = input.classStart.length - 1;
  const rowCount = input.rows.length;
  const pairCount = (classCount * (classCount - 1)) / 2;
  const known = input.smallerCaps;
  const job: PairsJob = {
    gram: input.gram,
    stride: input.stride,
    rows: sharedArray(Int32Array, rowCount, input.rows),
    classStart: sharedArray(Int32Array, classCount + 1, input.classStart),
    caps: sharedArray(Float64Array, rowCount, input.caps),
    folds: sharedArray(Int32Array, rowCount, input.folds ?? new Int32Array(rowCount).fill(-1)),
    foldCount: input.foldCount ?? 0,
    epsilon: input.epsilon,
    maxIterations: input.maxIterations,
    settled: sharedArray(
      Uint8Array,
      pairCount,
      known?.capped.map((capped) => 1 - capped),
    ),
    coefficients: sharedArray(Float64Array, rowCount * (classCount - 1), known?.coefficients),
    heldOut: sharedArray(Float64Array, rowCount * (classCount - 1)).fill(Number.NaN),
    rho: sharedArray(Float64Array, pairCount, known?.rho),
    iterations: sharedArray(Int32Array, pairCount, known?.iterations),
    gaps: sharedArray(Float64Array, pairCount, known?.gaps),
    capped: sharedArray(Uint8Array, pairCount),
    control: sharedArray(Int32Array, 3),
  };
  const workers = context.workers ?? startPairWorkers(input, context);
  try {
    workers.give(context.solver === undefined ? job : { job, seed: context.solver.seed });
    // This thread's own share of the work; none where the package has a thread blocked for a whole classifier.
    let runner: PairsRunner | undefined =
      context.solver === undefined
        ? pairsRunner(job, (capacity) => smoSolver(openSmoLoops(capacity), job.maxIterations))
        : undefined;
    // A worker that has not started by the time the last pair is taken is not waited for: pairs are counted, not threads.
    while (Atomics.load(job.control, FINISHED) < pairCount) {
      if (context.signal?.aborted === true) throw new InterruptedError();
      workers.check();
      if (runner === undefined) await sleep(WAIT_MS);
      else {
        if (runner.advance(ROW_STEPS)) runner = undefined;
        await nextTurn();
      }
      context.onProgress?.(Atomics.load(job.control, FINISHED), pairCount);
    }
  } finally {
    Atomics.store(job.control, STOP, 1);
    if (workers !== context.workers) await workers.close();
  }
  return job;
}

/** Threads that wait for jobs, one after another. */
export interface PairWorkers {
  give(job: PairsJob | MlSvmJob): void;
  /** Throws what a worker threw. */
  check(): void;
  close(): Promise<void>;
}

/**
 * Starts the threads that the fit of such classes is worth, beside the calling one; maybe none.
 *
 * @param fits how many of them will be asked for
 */
export function startPairWorkers(
  input: Pick<PairsInput, 'classStart' | 'foldCount'>,
  context: Pick<PairsContext, 'threads' | 'solver' | 'kernelValuesPerThread'>,
  fits = 1,
): PairWorkers {
  const classCount = input.classStart.length - 1;
  const classifiers = (classCount * (classCount - 1)) / 2;
  const most = Math.min(context.threads, classifiers);
  const values =
    (kernelValues(input.classStart) + classifiers * KERNEL_VALUES_PER_CLASSIFIER) * (1 + (input.foldCount ?? 0)) * fits;
  const worth = Math.floor(values / (context.kernelValuesPerThread ?? KERNEL_VALUES_PER_THREAD));
  const [name, count] =
    context.solver === undefined
      ? ['./svc-pairs.worker', Math.max(0, Math.min(most, worth) - 1)]
      : ['./ml-svm/ml-svm.worker', most];
  let failure: unknown;
  const workers = Array.from({ length: count }, (): Worker => {
    const worker = startWorker(name, import.meta.url);
    worker.once('error', (error) => {
      failure = error;
    });
    return worker;
  });
  return {
    give: (job) => {
      for (const worker of workers) worker.postMessage(job);
    },
    check: () => {
      if (failure !== undefined) throw failure;
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Kernel values of all classifiers together: rows squared, summed over the pairs of classes. */
export function kernelValues(classStart: Int32Array): number {
  const sizes = Array.from(classStart.subarray(1), (end, c) => end - valueAt(classStart, c));
  let sum = 0;
  for (const [low, size] of sizes.entries()) for (const other of sizes.slice(low + 1)) sum += (size + other) ** 2;
  return sum;
}
