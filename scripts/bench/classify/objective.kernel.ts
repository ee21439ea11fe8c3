/**
 * What LogisticRegression minimizes, in float64: C times the summed cross-entropy plus half the squared weights.
 *
 * @param weights [columns, classes]
 */
export function softmaxObjective(
  features: Float32Array,
  labels: Int32Array,
  weights: Float32Array,
  bias: Float32Array,
  C: number,
): number {
  const classCount = bias.length;
  const columnCount = weights.length / classCount;
  const scores = new Float64Array(classCount);
  let loss = 0;
  for (let row = 0; row < labels.length; row++) {
    for (let c = 0; c < classCount; c++) scores[c] = bias[c];
    for (let column = 0, at = 0; column < columnCount; column++) {
      const value = features[row * columnCount + column];
      if (value === 0) at += classCount;
      else for (let c = 0; c < classCount; c++, at++) scores[c] += value * weights[at];
    }
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classCount; c++) largest = Math.max(largest, scores[c]);
    let sum = 0;
    for (let c = 0; c < classCount; c++) sum += Math.exp(scores[c] - largest);
    loss += Math.log(sum) + largest - scores[labels[row]];
  }
  let squares = 0;
  for (let at = 0; at < weights.length; at++) squares += weights[at] * weights[at];
  return C * loss + squares / 2;
}
