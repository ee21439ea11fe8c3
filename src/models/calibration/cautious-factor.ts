/**
 * The factor of softmax(factor * scores) where too few rows have another one of their class to fit it. A row that is left
 * out has a score for each class of the other rows; they say nothing about its own class, so the factor gives them a
 * standard deviation of a half: a row like none of the training rows gets nearly even probabilities. 1 if there are no two
 * other classes.
 *
 * @param scores [rows, classes], each by the fit without the row; -Infinity for a class without a row in that fit
 * @param present [classes]; 0 for a class without training rows
 * @param largest bound of the factor: what photos of many breeds need after one training photo of each
 */
export function cautiousFactor(scores: Float64Array, labels: Int32Array, present: Uint8Array, largest: number): number {
  const columns = present.length;
  let squares = 0;
  let count = 0;
  for (const [row, label] of labels.entries()) {
    const others = scores
      .subarray(row * columns, (row + 1) * columns)
      .filter((score, c) => c !== label && present[c] === 1 && score !== Number.NEGATIVE_INFINITY);
    const mean = others.reduce((sum, score) => sum + score, 0) / others.length;
    for (const score of others) squares += (score - mean) ** 2;
    count += Math.max(0, others.length - 1);
  }
  return count === 0 ? 1 : Math.min(largest, 0.5 / Math.sqrt(squares / count));
}
