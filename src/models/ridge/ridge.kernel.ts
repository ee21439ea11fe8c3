/** (row - means) * rowFactor in float64: [count, dims], or only columns `from` to `end` - 1. */
export function centredRows(
  data: Float32Array,
  dims: number,
  first: number,
  count: number,
  means: Float64Array,
  rowFactors: Float64Array,
  from = 0,
  end: number = dims,
): Float64Array {
  const out = new Float64Array(count * (end - from));
  for (let row = 0, at = 0; row < count; row++) {
    const start = (first + row) * dims;
    const factor = rowFactors[first + row];
    for (let d = from; d < end; d++, at++) out[at] = (data[start + d] - means[d]) * factor;
  }
  return out;
}

/** (target - means) * rowFactor; targets are 1 for a row's own class, else -1. [count, classes] */
export function centredTargets(
  labels: Int32Array,
  classCount: number,
  first: number,
  count: number,
  means: Float64Array,
  rowFactors: Float64Array,
): Float64Array {
  const out = new Float64Array(count * classCount);
  for (let row = 0, at = 0; row < count; row++) {
    const label = labels[first + row];
    const factor = rowFactors[first + row];
    for (let c = 0; c < classCount; c++, at++) out[at] = ((c === label ? 1 : -1) - means[c]) * factor;
  }
  return out;
}

/** Adds a block [any, width] to a matrix with `size` columns, from `row` and `column` on. */
export function addBlock(
  target: Float64Array,
  size: number,
  row: number,
  column: number,
  block: Float64Array,
  width: number,
): void {
  for (let i = 0, start = row * size + column; i < block.length; start += size) {
    for (let c = 0; c < width; c++, i++) target[start + c] += block[i];
  }
}

/** Divides each row of [rows, columns] by its divisor, in place. */
export function divideRows(data: Float64Array, columns: number, divisors: Float64Array): void {
  for (let row = 0, at = 0; row < divisors.length; row++) {
    for (let c = 0; c < columns; c++, at++) data[at] /= divisors[row];
  }
}

/** Sum of squares over the rows of [rows, columns] for which `counted` is 1. */
export function squaresOf(data: Float64Array, columns: number, counted: Uint8Array): number {
  let squares = 0;
  for (let row = 0, at = 0; row < counted.length; row++) {
    for (let c = 0; c < columns; c++, at++) squares += counted[row] * data[at] * data[at];
  }
  return squares;
}

/**
 * Sum of squares of the residuals, each row divided by its divisor, over the rows for which `counted` is 1.
 *
 * @param targets [rows, columns]
 * @param fitted [rows, any], from column `from` on
 */
export function leftOutSquares(
  targets: Float64Array,
  fitted: Float64Array,
  from: number,
  columns: number,
  divisors: Float64Array,
  counted: Uint8Array,
): number {
  const width = fitted.length / divisors.length;
  let total = 0;
  for (let row = 0, at = 0; row < divisors.length; row++) {
    const start = row * width + from;
    let squares = 0;
    for (let c = 0; c < columns; c++, at++) {
      const residual = targets[at] - fitted[start + c];
      squares += residual * residual;
    }
    total += (counted[row] * squares) / (divisors[row] * divisors[row]);
  }
  return total;
}

/**
 * Derivative of the weighted cross-entropy of softmax(factor * scores) with respect to the factor, without absent classes.
 *
 * @param scores [rows, classes]
 */
export function temperatureSlope(
  scores: Float64Array,
  labels: Int32Array,
  present: Uint8Array,
  weights: Float64Array | null,
  factor: number,
): number {
  const columns = present.length;
  let slope = 0;
  for (let row = 0, start = 0; row < labels.length; row++, start += columns) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < columns; c++) if (present[c] !== 0 && scores[start + c] > largest) largest = scores[start + c];
    let sum = 0;
    let weighted = 0;
    for (let c = 0; c < columns; c++) {
      if (present[c] === 0) continue;
      const share = Math.exp(factor * (scores[start + c] - largest));
      sum += share;
      weighted += share * scores[start + c];
    }
    slope += (weights === null ? 1 : weights[row]) * (weighted / sum - scores[start + labels[row]]);
  }
  return slope;
}
