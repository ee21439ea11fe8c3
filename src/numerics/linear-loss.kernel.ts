/** Float64 sum of a block's float32 gradient. */
export function accumulate(target: Float64Array, block: Float32Array): void {
  for (let i = 0; i < block.length; i++) target[i] += block[i];
}

/** Sums the rows of [rows, columns] into `target`, [columns]. */
export function accumulateRows(target: Float64Array, block: Float32Array, columns: number): void {
  const [two, three] = [2 * columns, 3 * columns];
  let i = 0;
  // Four rows at a time: each sum is read and written once for them.
  for (; i + 4 * columns <= block.length; i += three) {
    for (let c = 0; c < columns; c++, i++) {
      target[c] += block[i] + block[i + columns] + (block[i + two] + block[i + three]);
    }
  }
  for (; i < block.length; ) for (let c = 0; c < columns; c++, i++) target[c] += block[i];
}

export function weightedSum(values: Float32Array, weights: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += weights[i] * values[i];
  return sum;
}

/** Weighted mean of each column in float64: [rows, columns] -> [columns]. */
export function columnMeans(data: Float32Array, columns: number, weights: ArrayLike<number> | undefined): Float64Array {
  const means = new Float64Array(columns);
  const total = addWeightedRows(means, data, weights);
  for (let c = 0; c < columns; c++) means[c] /= total;
  return means;
}

/** Adds each row times its weight to `sums`, [columns]; returns the sum of the weights. [rows, columns] */
export function addWeightedRows(
  sums: Float64Array,
  data: Float32Array,
  weights: ArrayLike<number> | undefined,
): number {
  const columns = sums.length;
  let total = 0;
  for (let i = 0, row = 0; i < data.length; row++) {
    const weight = weights === undefined ? 1 : weights[row];
    total += weight;
    for (let c = 0; c < columns; c++, i++) sums[c] += weight * data[i];
  }
  return total;
}

/** bias[c] - sum over d of offset[d] * weights[d, c]: the intercept for rows without the offset subtracted. */
export function shiftBias(bias: Float64Array, weights: Float64Array, offset: Float64Array, out: Float32Array): void {
  const classes = bias.length;
  const sums = Float64Array.from(bias);
  for (let d = 0, i = 0; d < offset.length; d++) {
    const by = offset[d];
    for (let c = 0; c < classes; c++, i++) sums[c] -= by * weights[i];
  }
  out.set(sums);
}

/** gradient[d, c] -= offset[d] * biasGradient[c]: the gradient for rows with the offset subtracted. */
export function shiftGradient(gradient: Float64Array, biasGradient: Float64Array, offset: Float64Array): void {
  const classes = biasGradient.length;
  for (let d = 0, i = 0; d < offset.length; d++) {
    const by = offset[d];
    for (let c = 0; c < classes; c++, i++) gradient[i] -= by * biasGradient[c];
  }
}

/** Largest magnitude of gradient[d, c] + offset[d] * biasGradient[c], and of biasGradient: before `shiftGradient`. */
export function largestUnshifted(gradient: Float64Array, biasGradient: Float64Array, offset: Float64Array): number {
  const classes = biasGradient.length;
  let largest = 0;
  for (let c = 0; c < classes; c++) largest = Math.max(largest, Math.abs(biasGradient[c]));
  for (let d = 0, i = 0; d < offset.length; d++) {
    const by = offset[d];
    for (let c = 0; c < classes; c++, i++) {
      const magnitude = Math.abs(gradient[i] + by * biasGradient[c]);
      if (magnitude > largest) largest = magnitude;
    }
  }
  return largest;
}

/** gradient += strength * weights; returns strength / 2 * the sum of squared weights. */
export function addPenalty(gradient: Float64Array, weights: Float64Array, strength: number): number {
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    squares += weights[i] * weights[i];
    gradient[i] += strength * weights[i];
  }
  return (strength / 2) * squares;
}

/** softmax(inverseTemperature * scores) of each row, in place: [rows, columns]. */
export function softmaxRows(scores: Float32Array, columns: number, inverseTemperature = 1): void {
  for (let start = 0; start < scores.length; start += columns) {
    const end = start + columns;
    let largest = scores[start];
    for (let i = start + 1; i < end; i++) if (scores[i] > largest) largest = scores[i];
    let sum = 0;
    for (let i = start; i < end; i++) {
      scores[i] = Math.exp(inverseTemperature * (scores[i] - largest));
      sum += scores[i];
    }
    for (let i = start; i < end; i++) scores[i] /= sum;
  }
}

/** Adds a vector to every row: [rows, columns] += [columns]. */
export function addRowVector(rows: Float32Array, vector: Float32Array): void {
  for (let i = 0; i < rows.length; ) for (let c = 0; c < vector.length; c++, i++) rows[i] += vector[c];
}

/** gradient = lossWeight * gradient + x; returns half the sum of squares of x. */
export function penalize(gradient: Float64Array, x: Float64Array, lossWeight: number): number {
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    squares += x[i] * x[i];
    gradient[i] = lossWeight * gradient[i] + x[i];
  }
  return squares / 2;
}
