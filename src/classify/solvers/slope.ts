import type { SlopeLoss } from './slope.kernel.ts';

/**
 * The factor s that makes softmax(s * scores) likeliest for the labels: one over the temperature of Guo and others,
 * 2017. The log loss is convex in s; Newton steps, halved while they would make it worse.
 *
 * @param lossAt the loss of all rows at a slope
 */
export async function likeliestSlope(lossAt: (slope: number) => SlopeLoss | Promise<SlopeLoss>): Promise<number> {
  let slope = 1;
  let at = await lossAt(slope);
  for (let step = 0; step < 50 && at.curvature > 0; step++) {
    let change = -at.gradient / at.curvature;
    // Below zero the order of the classes would turn round.
    if (slope + change <= 0) change = -slope / 2;
    let next = await lossAt(slope + change);
    for (let half = 0; half < 30 && !(next.loss <= at.loss); half++) {
      change /= 2;
      next = await lossAt(slope + change);
    }
    if (!(next.loss <= at.loss)) break;
    slope += change;
    at = next;
    // Separable scores would drive it to infinity: past this nothing is left to win.
    if (slope > 1e6 || Math.abs(change) <= 1e-6 * slope) break;
  }
  return slope;
}
