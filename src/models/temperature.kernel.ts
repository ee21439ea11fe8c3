/**
 * The factor s that makes softmax(s * scores) likeliest for the labels: one over the temperature of Guo and others,
 * 2017. The log loss is convex in s; Newton steps, halved while they would make it worse.
 *
 * @param scores [rows, columns]; minus infinity for a class that cannot be
 * @param weights per row
 */
export function likeliestSlope(
  scores: Float32Array,
  columns: number,
  labels: Int32Array,
  weights: Float64Array | undefined,
): number {
  let slope = 1;
  let at = slopeLoss(scores, columns, labels, weights, slope);
  for (let step = 0; step < 50 && at.curvature > 0; step++) {
    let change = -at.gradient / at.curvature;
    // Below zero the order of the classes would turn round.
    if (slope + change <= 0) change = -slope / 2;
    let next = slopeLoss(scores, columns, labels, weights, slope + change);
    for (let half = 0; half < 30 && !(next.loss <= at.loss); half++) {
      change /= 2;
      next = slopeLoss(scores, columns, labels, weights, slope + change);
    }
    if (!(next.loss <= at.loss)) break;
    slope += change;
    at = next;
    // Separable scores would drive it to infinity: past this nothing is left to win.
    if (slope > 1e6 || Math.abs(change) <= 1e-6 * slope) break;
  }
  return slope;
}

function slopeLoss(
  scores: Float32Array,
  columns: number,
  labels: Int32Array,
  weights: Float64Array | undefined,
  slope: number,
): { loss: number; gradient: number; curvature: number } {
  let loss = 0;
  let gradient = 0;
  let curvature = 0;
  for (let row = 0, start = 0; row < labels.length; row++, start += columns) {
    const end = start + columns;
    const own = scores[start + labels[row]];
    // A row whose own class cannot be is lost at any slope.
    if (own === Number.NEGATIVE_INFINITY) continue;
    let largest = own;
    for (let i = start; i < end; i++) if (scores[i] > largest) largest = scores[i];
    let sum = 0;
    let first = 0;
    let second = 0;
    for (let i = start; i < end; i++) {
      const score = scores[i] - largest;
      if (score === Number.NEGATIVE_INFINITY) continue;
      const share = Math.exp(slope * score);
      sum += share;
      first += share * score;
      second += share * score * score;
    }
    const weight = weights === undefined ? 1 : weights[row];
    const mean = first / sum;
    loss += weight * (Math.log(sum) - slope * (own - largest));
    gradient += weight * (mean - (own - largest));
    curvature += weight * (second / sum - mean * mean);
  }
  return { loss, gradient, curvature };
}

/** Natural logarithms, minus infinity for 0. */
export function logInPlace(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.log(values[i]);
}

/** Turns probabilities into softmax(slope * log p) in place, row by row: [rows, columns]. */
export function sharpenRows(probabilities: Float32Array, columns: number, slope: number): void {
  for (let start = 0; start < probabilities.length; start += columns) {
    let largest = 0;
    for (let i = start; i < start + columns; i++) if (probabilities[i] > largest) largest = probabilities[i];
    let sum = 0;
    for (let i = start; i < start + columns; i++) {
      probabilities[i] = (probabilities[i] / largest) ** slope;
      sum += probabilities[i];
    }
    for (let i = start; i < start + columns; i++) probabilities[i] /= sum;
  }
}
