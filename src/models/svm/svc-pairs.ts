import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { sharedArray } from '../../numerics/shared-array.ts';
import { valueAt } from '../../system/at.ts';
import { InterruptedError } from '../../system/errors.ts';
import { startWorkers, type Workers } from '../../system/workers.ts';
import type { MlSvmJob } from './ml-svm/ml-svm.ts';
import { smoSolver } from './smo/smo.kernel.ts';
import { openSmoLoops } from './smo/smo-loops.ts';
import { FINISHED, type PairsJob, type PairsRunner, pairsRunner, STOP } from './svc-pairs.kernel.ts';

/** Input of one-vs-one training, as in `PairsJob`; a Gram matrix that is not in shared memory is copied per thread. */
export interface PairsInput
  extends Pick<PairsJob, 'gram' | 'stride' | 'rows' | 'classStart' | 'caps' | 'epsilon' | 'maxIterations'>,
    Partial<Pick<PairsJob, 'folds' | 'foldCount'>> {
  /**
   * The result on the same rows with all caps smaller by one factor, without folds: classifiers that met no cap there are
   * the same and are reused.
   */
  readonly smallerCaps?: PairsResult | undefined;
}

export type PairsResult = Pick<PairsJob, 'coefficients' | 'heldOut' | 'rho' | 'iterations' | 'gaps' | 'capped'>;

interface PairsContext {
  readonly threads: number;
  /** The npm package that solves each classifier, always in workers; its draws come from the seed. */
  readonly solver?: { readonly name: 'ml-svm'; readonly seed: number };
  /** Kernel values of all classifiers and folds that are worth one more thread. */
  readonly kernelValuesPerThread?: number;
  /** Threads that serve several fits; closed by their owner. */
  readonly workers?: Workers | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * A thread takes a third of a second of a core to start, in which another computes about this many (5 ns each; linear
 * C=0.01, 154 rows per classifier, one fold).
 */
const KERNEL_VALUES_PER_THREAD = 60_000_000;
/** Cost of a classifier besides its rows. */
const KERNEL_VALUES_PER_CLASSIFIER = 2000;
/** Steps times rows between turns of the event loop: tens of milliseconds, so that Ctrl-C is noticed. */
const ROW_STEPS = 10_000_000;
/** Between checks whether other threads have finished. */
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
    workers.post(context.solver === undefined ? job : ({ job, seed: context.solver.seed } satisfies MlSvmJob));
    // This thread works, too, unless the package would block it for a whole classifier.
    let runner: PairsRunner | undefined =
      context.solver === undefined
        ? pairsRunner(job, (capacity) => smoSolver(openSmoLoops(capacity), job.maxIterations))
        : undefined;
    // Counts pairs, not threads, so as not to wait for a worker that starts after the last pair is taken.
    while (Atomics.load(job.control, FINISHED) < pairCount) {
      if (context.signal?.aborted === true) throw new InterruptedError();
      workers.check();
      if (runner === undefined) await sleep(WAIT_MS);
      else {
        if (runner(ROW_STEPS)) runner = undefined;
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

/** Starts the threads that pay off for such classes, besides the calling one; possibly none. */
export function startPairWorkers(
  { classStart, foldCount = 0 }: Pick<PairsInput, 'classStart' | 'foldCount'>,
  { threads, solver, kernelValuesPerThread }: Pick<PairsContext, 'threads' | 'solver' | 'kernelValuesPerThread'>,
  fits = 1,
): Workers {
  const classCount = classStart.length - 1;
  const classifiers = (classCount * (classCount - 1)) / 2;
  const most = Math.min(threads, classifiers);
  if (solver !== undefined) return startWorkers(most, './ml-svm/ml-svm.worker', import.meta.url);
  const values = (kernelValues(classStart) + classifiers * KERNEL_VALUES_PER_CLASSIFIER) * (1 + foldCount) * fits;
  const worth = Math.floor(values / (kernelValuesPerThread ?? KERNEL_VALUES_PER_THREAD));
  return startWorkers(Math.max(0, Math.min(most, worth) - 1), './svc-pairs.worker', import.meta.url);
}

/** Kernel values of all classifiers: rows squared, summed over the pairs of classes. */
export function kernelValues(classStart: Int32Array): number {
  const sizes = Array.from(classStart.subarray(1), (end, c) => end - valueAt(classStart, c));
  let sum = 0;
  for (const [low, size] of sizes.entries()) for (const other of sizes.slice(low + 1)) sum += (size + other) ** 2;
  return sum;
}
