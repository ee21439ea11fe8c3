import type { Point } from './grid.ts';

/** What cross-validation found for one point. */
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
 * The place of the best point, the simplest of equals. With `oneStandardError` the simplest point whose accuracy is
 * within one standard error of the best one's (Breiman and others, 1984).
 */
export function choosePoint(results: readonly PointResult[], oneStandardError: boolean): number {
  const best = results.reduce((most, result) => Math.max(most, result.accuracy), 0);
  const leader = results.find((result) => result.accuracy === best) as PointResult;
  const slack = oneStandardError ? leader.deviation / Math.sqrt(leader.perFold.length) : 0;
  const candidates = Array.from(results.keys()).filter((i) => (results[i] as PointResult).accuracy >= best - slack);
  return candidates.reduce((chosen, i) =>
    isSimpler((results[i] as PointResult).params, (results[chosen] as PointResult).params) ? i : chosen,
  );
}

/** Which way a parameter makes a head simpler: 1 for smaller values, -1 for larger ones. Others do not count. */
const simplerWhen: Readonly<Record<string, 1 | -1>> = {
  C: 1,
  gamma: 1,
  trees: 1,
  maxDepth: 1,
  minLeaf: -1,
  epochs: 1,
  hidden: 1,
  neighbours: -1,
  alpha: -1,
};

/** Parameters in the order in which the sweep names them, the first one that tells the points apart deciding. */
function isSimpler(a: Point, b: Point): boolean {
  for (const [name, value] of Object.entries(a)) {
    const direction = simplerWhen[name];
    const difference = Number(value) - Number(b[name]);
    if (direction === undefined || Number.isNaN(difference) || difference === 0) continue;
    return direction * difference < 0;
  }
  return false;
}
