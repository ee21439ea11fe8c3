import { countCorrect } from '../../metrics/metrics.kernel.ts';
import { inMemory } from '../../models/fitted-head.ts';
import { mostOf } from '../../models/memory-parts.ts';
import type { FitContext, Head, HeadKind, Json } from '../../models/model.ts';
import type { HeadOptions } from '../../models/parameters.ts';
import { createHead } from '../../models/registry.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { innerFolds } from '../../split/inner-folds.ts';
import { valueAt } from '../../system/at.ts';
import { type Grid, type Point, pointsOf } from './grid.ts';
import { predictFolds } from './predict-folds.ts';

export interface SweepOptions {
  readonly cv: number;
  /** Choose the simplest point within one standard error of the best. */
  readonly oneStandardError: boolean;
}

/**
 * A head whose `fit` first chooses parameters by stratified K-fold cross-validation on the training rows, then fits
 * with them on all training rows, like scikit-learn's `GridSearchCV`. Rows of one group share a fold.
 *
 * @param fixed parameters that are not swept
 * @throws a usage UserError if a point is invalid
 */
export function sweptHead(
  kind: HeadKind,
  fixed: Readonly<Record<string, unknown>>,
  grid: Grid,
  options: SweepOptions,
): Head {
  const points = pointsOf(grid);
  const heads = points.map((point) => createHead(kind.model, { ...fixed, ...point }));
  const first = valueAt(heads, 0);
  return {
    model: kind.model,
    solver: first.solver,
    params: { ...first.params, sweep: { ...grid }, cv: options.cv, oneStandardError: options.oneStandardError },
    needs: (size) => [
      ...mostOf(heads.map((head) => head.needs(size))),
      { what: 'rows of a fold', bytes: 4 * size.trainRows * size.dims },
    ],
    lighter: first.lighter,
    ...inMemory(async (train, context) => {
      const folds = innerFolds(train, options.cv);
      const all = points.map((point) => ({ ...fixed, ...point }));
      const predicted = await predictFolds(kind, all, train, folds, context);
      const results = points.map((point, i) =>
        pointResult(
          point,
          folds.map(({ test }, f) => {
            const truth = takeInts(train.labels, test);
            return countCorrect(truth, valueAt(valueAt(predicted, i), f)) / test.length;
          }),
        ),
      );
      const chosen = choosePoint(results, options.oneStandardError, kind.options);
      reportResults(results, chosen, context);
      const best = valueAt(heads, chosen);
      const fitted = await best.fit(train, context);
      return { ...fitted, chosen: best, details: { ...fitted.details, sweep: sweepDetails(results, chosen, options) } };
    }),
  };
}

function sweepDetails(results: readonly PointResult[], chosen: number, options: SweepOptions): Json {
  return {
    folds: options.cv,
    rule: options.oneStandardError ? 'simplest within one standard error of the best' : 'best, simplest of equals',
    chosen: { ...(results[chosen]?.params ?? {}) },
    points: results.map(({ params, accuracy, deviation, perFold }) => ({
      params: { ...params },
      accuracy,
      deviation,
      perFold,
    })),
  };
}

function reportResults(results: readonly PointResult[], chosen: number, context: FitContext): void {
  for (const [i, result] of results.entries()) {
    const percents = `${(100 * result.accuracy).toFixed(1)} % ± ${(100 * result.deviation).toFixed(1)}`;
    context.onProgress?.({
      stage: 'sweep',
      done: i + 1,
      total: results.length,
      message: `${describePoint(result.params)}: ${percents}${i === chosen ? '  <- chosen' : ''}`,
    });
  }
}

function describePoint(point: Point): string {
  return Object.entries(point)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

export interface PointResult {
  readonly params: Point;
  /** Accuracy on the test rows of each fold. */
  readonly perFold: readonly number[];
  readonly accuracy: number;
  /** Standard deviation over the folds (n - 1 in the denominator). */
  readonly deviation: number;
}

export function pointResult(params: Point, perFold: readonly number[]): PointResult {
  const accuracy = perFold.reduce((sum, value) => sum + value, 0) / perFold.length;
  const squares = perFold.reduce((sum, value) => sum + (value - accuracy) ** 2, 0);
  return { params, perFold, accuracy, deviation: perFold.length < 2 ? 0 : Math.sqrt(squares / (perFold.length - 1)) };
}

/**
 * Index of the best point; among equals, the simplest. With `oneStandardError`, the simplest point whose accuracy is
 * within one standard error of the best (Breiman et al., 1984).
 */
export function choosePoint(results: readonly PointResult[], oneStandardError: boolean, options: HeadOptions): number {
  const best = results.reduce((most, result) => Math.max(most, result.accuracy), 0);
  const leader = valueAt(
    results.filter((result) => result.accuracy === best),
    0,
  );
  const slack = oneStandardError ? leader.deviation / Math.sqrt(leader.perFold.length) : 0;
  const candidates = Array.from(results.keys()).filter((i) => valueAt(results, i).accuracy >= best - slack);
  return candidates.reduce((chosen, i) =>
    isSimpler(valueAt(results, i).params, valueAt(results, chosen).params, options) ? i : chosen,
  );
}

/** Compares parameters in the sweep's order; the first that differs decides. */
function isSimpler(a: Point, b: Point, options: HeadOptions): boolean {
  for (const [name, value] of Object.entries(a)) {
    const simpler = options[name]?.simpler;
    const difference = Number(value) - Number(b[name]);
    if (simpler === undefined || Number.isNaN(difference) || difference === 0) continue;
    return simpler === 'smaller' ? difference < 0 : difference > 0;
  }
  return false;
}
