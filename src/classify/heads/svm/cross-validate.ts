import { pickSymmetric } from '../../solvers/gram.kernel.ts';
import { gramMatrix, type Kernel } from '../../solvers/gram.ts';
import { fitPairs } from '../../solvers/svc-pairs.ts';
import type { Split } from '../../split.ts';
import { type Table, takeTableRows } from '../../table.ts';
import { checkTrainingTable } from '../checks.ts';
import type { FitContext } from '../head.ts';
import type { RawParams } from '../params.ts';
import { pairValues } from './machines.ts';
import { voteWinners } from './pair-values.kernel.ts';
import { type SvmParams, svmParams } from './params.ts';
import { centredRows, resolveKernel, sortByClass } from './training.ts';

/** One fit of a sweep: a point on the training rows of a fold. */
interface Task {
  readonly point: number;
  readonly fold: number;
  readonly params: SvmParams;
  readonly kernel: Kernel;
}

/** Test rows per block: bounds the memory of the pair values. */
const blockRows = 256;

/**
 * Votes of every point on the test rows of every fold. All rows share one Gram matrix per kernel: a sweep over C
 * computes a single one, and `gamma=scale`, which depends on the training rows, one per fold. Nothing is calibrated.
 */
export async function crossValidateSvm(
  points: readonly RawParams[],
  table: Table,
  folds: readonly Split[],
  context: FitContext,
): Promise<readonly (readonly Int32Array[])[]> {
  checkTrainingTable(table, 'svm');
  const found: Int32Array[][] = points.map(() => []);
  const tableRows = Int32Array.from({ length: table.labels.length }, (_, row) => row);
  const { rows } = centredRows(table, tableRows);
  for (const tasks of tasksByKernel(
    points.map((point) => svmParams(point, 'smo')),
    table,
    folds,
  )) {
    const gram = await gramMatrix(rows, (tasks[0] as Task).kernel, context);
    for (const { point, fold, params } of tasks) {
      const votes = await fitAndVote(gram, table, folds[fold] as Split, params, context);
      (found[point] as Int32Array[])[fold] = votes;
    }
  }
  return found;
}

function tasksByKernel(points: readonly SvmParams[], table: Table, folds: readonly Split[]): readonly Task[][] {
  const groups = new Map<string, Task[]>();
  folds.forEach((split, fold) => {
    const needsRows = points.some((params) => params.kernel === 'rbf' && params.gamma === 'scale');
    const training = needsRows ? takeTableRows(table, split.train) : table;
    points.forEach((params, point) => {
      const kernel = resolveKernel(params, training);
      const key = JSON.stringify(kernel);
      const group = groups.get(key) ?? [];
      group.push({ point, fold, params, kernel });
      groups.set(key, group);
    });
  });
  return [...groups.values()];
}

async function fitAndVote(
  gram: Float32Array,
  table: Table,
  split: Split,
  params: SvmParams,
  context: FitContext,
): Promise<Int32Array> {
  const stride = table.labels.length;
  const { sampleWeights } = table;
  const training = {
    features: table.features,
    classes: table.classes,
    labels: Int32Array.from(split.train, (row) => table.labels[row] as number),
    ...(sampleWeights === undefined
      ? {}
      : { sampleWeights: Float64Array.from(split.train, (row) => sampleWeights[row] as number) }),
  };
  const { present, classStart, tableRows, caps } = sortByClass(training, params.C);
  const rows = Int32Array.from(tableRows, (row) => split.train[row] as number);
  const result = await fitPairs(
    { gram, stride, rows, classStart, caps, epsilon: params.tolerance, maxIterations: params.maxIterations },
    { threads: context.threads, ...(context.signal === undefined ? {} : { signal: context.signal }) },
  );
  const machines = { vectorStart: classStart, coefficients: result.coefficients, rho: result.rho };
  const votes = new Int32Array(split.test.length);
  for (let first = 0; first < votes.length; first += blockRows) {
    const test = split.test.subarray(first, first + blockRows);
    const kernel = pickSymmetric(gram, stride, rows, test);
    const values = await pairValues(machines, kernel, test.length, context);
    votes.set(
      voteWinners(values, present.length, test.length).map((winner) => present[winner] as number),
      first,
    );
  }
  return votes;
}
