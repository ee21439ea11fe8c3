/** A linear head's objective in float64. */
interface LinearProblem {
  readonly features: Float32Array;
  readonly labels: Int32Array;
  /** [columns, classes] */
  readonly weights: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
  readonly C: number;
}

/** The objective of LogisticRegression: C times the summed cross-entropy plus half the squared weights. */
export function softmaxObjective(problem: LinearProblem): number {
  let loss = 0;
  eachRow(problem, (scores, label) => {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < scores.length; c++) largest = Math.max(largest, scores[c]);
    let sum = 0;
    for (let c = 0; c < scores.length; c++) sum += Math.exp(scores[c] - largest);
    loss += Math.log(sum) + largest - scores[label];
  });
  return problem.C * loss + squares(problem.weights) / 2;
}

/**
 * The objective of LinearSVC, summed over classes: C times the squared hinges plus half the squared weights and
 * intercepts.
 */
export function squaredHingeObjective(problem: LinearProblem): number {
  let loss = 0;
  eachRow(problem, (scores, label) => {
    for (let c = 0; c < scores.length; c++) loss += Math.max(0, 1 - (c === label ? scores[c] : -scores[c])) ** 2;
  });
  return problem.C * loss + (squares(problem.weights) + squares(problem.bias)) / 2;
}

function eachRow(
  { features, labels, weights, bias }: LinearProblem,
  take: (scores: Float64Array, label: number) => void,
) {
  const classCount = bias.length;
  const columnCount = weights.length / classCount;
  const scores = new Float64Array(classCount);
  for (let row = 0; row < labels.length; row++) {
    for (let c = 0; c < classCount; c++) scores[c] = bias[c];
    for (let column = 0, at = 0; column < columnCount; column++) {
      const value = features[row * columnCount + column];
      if (value === 0) at += classCount;
      else for (let c = 0; c < classCount; c++, at++) scores[c] += value * weights[at];
    }
    take(scores, labels[row]);
  }
}

function squares(values: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] * values[at];
  return sum;
}
