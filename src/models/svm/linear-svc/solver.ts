import { setImmediate as nextTurn } from 'node:timers/promises';
import { largestOf, transpose } from '../../../numerics/arrays.kernel.ts';
import { largestMagnitude } from '../../../numerics/lbfgs.kernel.ts';
import { lossError, minimize, type Objective } from '../../../numerics/lbfgs.ts';
import { penalize } from '../../../numerics/linear-loss.kernel.ts';
import { multiply, type ProductContext } from '../../../numerics/matmul.ts';
import { sharedArray } from '../../../numerics/shared-array.ts';
import type { Table } from '../../../rows/table.ts';
import { InterruptedError } from '../../../system/errors.ts';
import { startWorkers } from '../../../system/workers.ts';
import { linearLoss } from '../../linear-loss.ts';
import { DONE, type DualJob, dualRunner, groupBounds, STOP } from './dual-descent.kernel.ts';
import { openRowClassifiers } from './row-classifiers.ts';

interface LinearSvcContext extends ProductContext {
  /** Multiply-adds of a pass that are worth one more thread. */
  readonly multiplyAddsPerThread?: number;
}

interface LinearSvcOptions {
  /** As in scikit-learn: the objective is |weights and bias|² / 2 + C times the sum of the squared hinge losses. */
  readonly C: number;
  /** Most passes over the rows per classifier, and most L-BFGS steps after them. */
  readonly maxIterations: number;
  /** Largest allowed violation of the optimality conditions. Default: scikit-learn's `tol`, 1e-4. */
  readonly tolerance?: number;
  /** Weights of the rows, instead of the table's. */
  readonly rowWeights?: Float64Array;
  /** Coefficients of an earlier fit to start at; copied. Default: zeros. */
  readonly start?: Float32Array | undefined;
  readonly onProgress?: (doneClasses: number) => void;
}

export interface LinearSvcFit {
  /** [dims, classes] */
  readonly weights: Float64Array;
  /** [classes] */
  readonly bias: Float64Array;
  /** y alpha of each row in each classifier, [classes, rows]. */
  readonly coefficients: Float32Array;
  /** Most passes over the rows that a classifier took. */
  readonly iterations: number;
  /** Largest remaining violation of the optimality conditions. */
  readonly violation: number;
  /** L-BFGS steps after the passes; 0 if all classifiers had converged. */
  readonly finishingSteps: number;
  readonly converged: boolean;
}

/** scikit-learn's default `tol` of LinearSVC. */
const defaultTolerance = 1e-4;
/** Tolerances of `finish`: of the largest gradient, divided by C, and of the relative decrease of the objective. */
const gradientTolerance = 1e-3;
const valueTolerance = 1e-7;
/** Classifiers per group: their weights fit a core's own cache. */
const mostClassifiers = 64;
/** Fewer would read the rows too often. */
const fewestClassifiers = 8;
/** A thread takes a third of a second to start; a core does some 7e9 per second, and a fit takes a few passes. */
const multiplyAddsPerThread = 1e9;
/** Products of a row and a classifier between turns of the event loop: tens of milliseconds at 2,048 features. */
const PRODUCTS = 100_000;

/** @throws InterruptedError if the signal is aborted, within some tens of milliseconds */
export type LinearSvcSolver = (options: LinearSvcOptions) => Promise<LinearSvcFit>;

/**
 * One-vs-rest linear SVMs with the squared hinge loss: the optimum of scikit-learn's `LinearSVC(C)`, by the same method,
 * dual coordinate descent. The intercept is penalized like a weight. The result does not depend on the number of threads.
 */
export function linearSvcSolver(table: Table, context: LinearSvcContext): LinearSvcSolver {
  const { rowCount, columnCount, data } = table.features;
  const classCount = table.classes.length;
  const passCost = rowCount * classCount * columnCount;
  const worth = Math.floor(passCost / (context.multiplyAddsPerThread ?? multiplyAddsPerThread));
  const threads = Math.max(1, Math.min(context.threads, worth, Math.ceil(classCount / fewestClassifiers)));
  const rows =
    threads === 1 || data.buffer instanceof SharedArrayBuffer ? data : sharedArray(Float32Array, data.length, data);
  return (options) => fitClassifiers(table, rows, threads, options, context);
}

async function fitClassifiers(
  plain: Table,
  rows: Float32Array,
  threads: number,
  options: LinearSvcOptions,
  context: LinearSvcContext,
): Promise<LinearSvcFit> {
  const { rowWeights } = options;
  const table = rowWeights === undefined ? plain : { ...plain, sampleWeights: rowWeights };
  const { rowCount, columnCount: dims } = table.features;
  const classCount = table.classes.length;
  const weightOf = (row: number): number => table.sampleWeights?.[row] ?? 1;
  const job: DualJob = {
    features: rows,
    dims,
    labels: sharedArray(Int32Array, rowCount, table.labels),
    caps: sharedArray(
      Float64Array,
      rowCount,
      Float64Array.from({ length: rowCount }, (_, row) => options.C * weightOf(row)),
    ),
    classCount,
    groupStart: groupBounds(classCount, mostClassifiers, threads),
    tolerance: options.tolerance ?? defaultTolerance,
    maxPasses: options.maxIterations,
    coefficients: sharedArray(Float32Array, classCount * rowCount, options.start),
    passes: sharedArray(Int32Array, classCount),
    gaps: sharedArray(Float64Array, classCount),
    converged: sharedArray(Uint8Array, classCount),
    control: sharedArray(Int32Array, 3),
  };
  await descend(job, threads, options, context.signal);
  const coefficients = Float32Array.from(job.coefficients);
  const left = { rowCount: classCount, columnCount: rowCount, data: coefficients };
  const turned = (await multiply(left, table.features, context)).data;
  const weights = transpose(turned, classCount, dims, new Float64Array(dims * classCount));
  const bias = Float64Array.from({ length: classCount }, (_, c) =>
    coefficients.subarray(c * rowCount, (c + 1) * rowCount).reduce((sum, value) => sum + value, 0),
  );
  const unfinished = job.converged.filter((done) => done === 0).length;
  const descended = {
    weights,
    bias,
    coefficients,
    iterations: largestOf(job.passes),
    violation: largestOf(job.gaps),
  };
  if (unfinished === 0) return { ...descended, finishingSteps: 0, converged: true };
  return { ...descended, ...(await finish(table, descended, options, context)) };
}

/**
 * Finishes all classifiers together by L-BFGS on the primal, where dual descent has become slow, e.g. with features that
 * are large and constant.
 */
async function finish(
  table: Table,
  from: Pick<LinearSvcFit, 'weights' | 'bias'>,
  options: LinearSvcOptions,
  context: ProductContext,
): Promise<Pick<LinearSvcFit, 'weights' | 'bias' | 'finishingSteps' | 'converged'>> {
  const size = from.weights.length;
  const x = new Float64Array(size + from.bias.length);
  x.set(from.weights);
  x.set(from.bias, size);
  const { iterations, converged } = await minimize(primal(table, options.C, context), x, {
    maxIterations: options.maxIterations,
    gradientTolerance: gradientTolerance * options.C,
    valueTolerance,
    valueError: lossError(table.labels.length * table.classes.length, options.C),
    signal: context.signal,
  });
  return { weights: x.subarray(0, size), bias: x.subarray(size), finishingSteps: iterations, converged };
}

function primal(table: Table, C: number, context: ProductContext): Objective {
  const size = table.features.columnCount * table.classes.length;
  const loss = linearLoss('squaredHinge', table, context);
  const state = { weights: new Float32Array(size), bias: new Float32Array(table.classes.length) };
  return async (x, gradient) => {
    state.weights.set(x.subarray(0, size));
    state.bias.set(x.subarray(size));
    const value = await loss(state, gradient.subarray(0, size), gradient.subarray(size));
    return C * value + penalize(gradient, x, C);
  };
}

/** The summed objective of all classifiers, and its largest gradient. */
export async function linearSvcObjective(
  table: Table,
  { weights, bias }: Pick<LinearSvcFit, 'weights' | 'bias'>,
  C: number,
  context: ProductContext,
): Promise<{ readonly value: number; readonly gradientSize: number }> {
  const x = new Float64Array(weights.length + bias.length);
  x.set(weights);
  x.set(bias, weights.length);
  const gradient = new Float64Array(x.length);
  const value = await primal(table, C, context)(x, gradient);
  return { value, gradientSize: largestMagnitude(gradient) };
}

/** The calling thread and `threads` - 1 workers take groups of classifiers off one list. */
async function descend(
  job: DualJob,
  threads: number,
  { onProgress }: LinearSvcOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const workers = startWorkers(threads - 1, './dual-descent.worker', import.meta.url);
  workers.post(job);
  try {
    const runner = dualRunner(job, openRowClassifiers);
    let working = true;
    while (Atomics.load(job.control, DONE) < job.classCount) {
      if (signal?.aborted === true) throw new InterruptedError();
      workers.check();
      if (working) working = !runner(PRODUCTS);
      onProgress?.(Atomics.load(job.control, DONE));
      await nextTurn();
    }
  } finally {
    Atomics.store(job.control, STOP, 1);
    await workers.close();
  }
}
