/**
 * The likeliest inverse temperature s of softmax(s * scores) (Guo et al., 2017), by Newton's method with step halving; the log
 * loss is convex in s.
 *
 * @param scores [rows, columns]; minus infinity for probability 0
 */
export function likeliestInverse(
  scores: Float32Array,
  columns: number,
  labels: Int32Array,
  weights: Float64Array | undefined,
): number {
  let inverse = 1;
  let at = lossAt(scores, columns, labels, weights, inverse);
  for (let step = 0; step < 50 && at.curvature > 0; step++) {
    let change = -at.gradient / at.curvature;
    // A negative one would reverse the order of the classes.
    if (inverse + change <= 0) change = -inverse / 2;
    let next = lossAt(scores, columns, labels, weights, inverse + change);
    for (let half = 0; half < 30 && !(next.loss <= at.loss); half++) {
      change /= 2;
      next = lossAt(scores, columns, labels, weights, inverse + change);
    }
    if (!(next.loss <= at.loss)) break;
    inverse += change;
    at = next;
    // Infinite for separable scores.
    if (inverse > 1e6 || Math.abs(change) <= 1e-6 * inverse) break;
  }
  return inverse;
}

function lossAt(
  scores: Float32Array,
  columns: number,
  labels: Int32Array,
  weights: Float64Array | undefined,
  inverse: number,
): { loss: number; gradient: number; curvature: number } {
  let loss = 0;
  let gradient = 0;
  let curvature = 0;
  for (let row = 0, start = 0; row < labels.length; row++, start += columns) {
    const end = start + columns;
    const own = scores[start + labels[row]];
    // The loss of such a row is infinite at any temperature.
    if (own === Number.NEGATIVE_INFINITY) continue;
    let largest = own;
    for (let i = start; i < end; i++) if (scores[i] > largest) largest = scores[i];
    let sum = 0;
    let first = 0;
    let second = 0;
    for (let i = start; i < end; i++) {
      const score = scores[i] - largest;
      if (score === Number.NEGATIVE_INFINITY) continue;
      const share = Math.exp(inverse * score);
      sum += share;
      first += share * score;
      second += share * score * score;
    }
    const weight = weights === undefined ? 1 : weights[row];
    const mean = first / sum;
    loss += weight * (Math.log(sum) - inverse * (own - largest));
    gradient += weight * (mean - (own - largest));
    curvature += weight * (second / sum - mean * mean);
  }
  return { loss, gradient, curvature };
}

/** Natural logarithms, minus infinity for 0. */
export function logInPlace(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.log(values[i]);
}

/** softmax(inverse * log p) of each row of probabilities p, in place: [rows, columns]. */
export function raiseRows(probabilities: Float32Array, columns: number, inverse: number): void {
  for (let start = 0; start < probabilities.length; start += columns) {
    let largest = 0;
    for (let i = start; i < start + columns; i++) if (probabilities[i] > largest) largest = probabilities[i];
    let sum = 0;
    for (let i = start; i < start + columns; i++) {
      probabilities[i] = (probabilities[i] / largest) ** inverse;
      sum += probabilities[i];
    }
    for (let i = start; i < start + columns; i++) probabilities[i] /= sum;
  }
}
