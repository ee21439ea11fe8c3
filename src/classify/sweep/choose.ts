import type { HeadOptions } from '../../models/parameters.ts';
import { valueAt } from '../../system/at.ts';
import type { Point } from './grid.ts';

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
 *
 * @param options of the head: they define what is simpler
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
