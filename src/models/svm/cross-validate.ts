import { takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { lastOf, valueAt } from '../../system/at.ts';
import type { Workers } from '../../system/workers.ts';
import { checkTrainingTable } from '../checks.ts';
import type { FitContext, FoldPredictions } from '../model.ts';
import { pairValuer } from './binary-classifiers.ts';
import { pickSymmetric } from './gram/gram.kernel.ts';
import { gramMatrix, type Kernel } from './gram/gram.ts';
import { voteWinners } from './pair-values.kernel.ts';
import type { SvmParams } from './params.ts';
import { fitPairs, type PairsResult, startPairWorkers } from './svc-pairs.ts';
import { centredRows, resolveKernel, sortByClass } from './training.ts';

/** Fits on the training rows of a fold that differ only in C, the smallest first. */
interface Series {
  readonly fold: number;
  readonly kernel: Kernel;
  readonly steps: { readonly point: number; readonly params: SvmParams }[];
}

interface Shared {
  readonly table: Table;
  readonly gram: Float32Array;
  readonly workers: Workers;
  readonly context: FitContext;
}

/** Test rows per block, to bound the memory of pair values. */
const blockRows = 256;

/**
 * Votes of every point on the test rows of every fold, without calibration. All rows share one Gram matrix per kernel: one
 * for a sweep over C; with `gamma=scale`, which depends on the training rows, one per fold. A classifier whose rows never
 * reached their bound is the same for every larger C, and is solved once.
 */
export async function crossValidateSvm(
  points: readonly SvmParams[],
  table: Table,
  folds: readonly Split[],
  context: FitContext,
): Promise<FoldPredictions> {
  checkTrainingTable(table, 'svm');
  const found: Int32Array[][] = points.map(() => []);
  const { rows } = centredRows(table, Int32Array.from(table.labels.keys()));
  const workers = startPairWorkers(sortByClass(table, 1), context, points.length * folds.length);
  try {
    for (const alike of seriesByKernel(points, table, folds)) {
      const gram = await gramMatrix(rows, valueAt(alike, 0).kernel, context);
      for (const series of alike) {
        const votes = await votesAlong(series, valueAt(folds, series.fold), { table, gram, workers, context });
        series.steps.forEach(({ point }, i) => {
          valueAt(found, point)[series.fold] = valueAt(votes, i);
        });
      }
    }
  } finally {
    await workers.close();
  }
  return found;
}

function seriesByKernel(points: readonly SvmParams[], table: Table, folds: readonly Split[]): readonly Series[][] {
  const byKernel = new Map<string, Map<string, Series>>();
  const rising = [...points.entries()].sort(([, a], [, b]) => a.C - b.C);
  const needsRows = points.some((params) => params.kernel === 'rbf' && params.gamma === 'scale');
  folds.forEach((split, fold) => {
    const training = needsRows ? takeTableRows(table, split.train) : table;
    for (const [point, params] of rising) {
      const kernel = resolveKernel(params, training);
      const alike = byKernel.get(JSON.stringify(kernel)) ?? new Map<string, Series>();
      byKernel.set(JSON.stringify(kernel), alike);
      const key = JSON.stringify({ ...params, C: 0, fold });
      const series = alike.get(key) ?? { fold, kernel, steps: [] };
      alike.set(key, series);
      series.steps.push({ point, params });
    }
  });
  return Array.from(byKernel.values(), (alike) => [...alike.values()]);
}

/** Votes on the fold's test rows of each step. */
async function votesAlong(series: Series, split: Split, shared: Shared): Promise<readonly Int32Array[]> {
  const { table, gram, workers, context } = shared;
  const training = trainingSide(table, split);
  const votes: Int32Array[] = [];
  const valuesOf = pairValuer(table.classes.length, Math.min(blockRows, split.test.length));
  let smaller: PairsResult | undefined;
  for (const { params } of series.steps) {
    if (smaller !== undefined && !smaller.capped.includes(1)) {
      votes.push(lastOf(votes));
      continue;
    }
    const { present, classStart, tableRows, caps } = sortByClass(training, params.C);
    const rows = takeInts(split.train, tableRows);
    const { tolerance: epsilon, maxIterations } = params;
    const input = { gram, stride: table.labels.length, rows, classStart, caps, epsilon, maxIterations };
    smaller = await fitPairs(
      { ...input, smallerCaps: smaller },
      {
        threads: context.threads,
        workers,
        signal: context.signal,
      },
    );
    const classifiers = { vectorStart: classStart, coefficients: smaller.coefficients, rho: smaller.rho };
    const own = new Int32Array(split.test.length);
    for (let first = 0; first < own.length; first += blockRows) {
      const test = split.test.subarray(first, first + blockRows);
      const kernel = pickSymmetric(gram, table.labels.length, rows, test);
      const values = await valuesOf(classifiers, kernel, test.length, context);
      const winners = voteWinners(values, present.length, test.length);
      own.set(takeInts(present, winners), first);
    }
    votes.push(own);
  }
  return votes;
}

/** Labels and weights of a fold's training rows; the features stay where they are. */
function trainingSide({ features, classes, labels, sampleWeights }: Table, { train }: Split): Table {
  return {
    features,
    classes,
    labels: takeInts(labels, train),
    sampleWeights: sampleWeights && takeFloats(sampleWeights, train),
  };
}
