/**
 * Lanczos' method on a symmetric matrix with full reorthogonalization: the diagonals of the tridiagonal matrix, and its
 * basis.
 *
 * @param matrix [n, n], symmetric
 * @param start [n], not zero
 * @param steps at most n
 * @param isEnough convergence test after every tenth step: given the diagonals so far; the last of `beside` is the
 *   residual
 */
export function lanczos(
  matrix: Float32Array,
  n: number,
  start: Float64Array,
  steps: number,
  isEnough: (diagonal: Float64Array, beside: Float64Array) => boolean = () => false,
): { diagonal: Float64Array; beside: Float64Array; basis: Float64Array; stepCount: number } {
  const basis = new Float64Array(steps * n);
  const diagonal = new Float64Array(steps);
  const beside = new Float64Array(steps);
  const next = Float64Array.from(start);
  let length = norm(next);
  let step = 0;
  for (; step < steps && length > 1e-10 * (step === 0 ? length : diagonal[0]); step++) {
    const at = step * n;
    for (let i = 0; i < n; i++) basis[at + i] = next[i] / length;
    for (let i = 0; i < n; i++) next[i] = dot(matrix, i * n, basis, at, n);
    // Two passes are enough (Parlett): the second removes the rounding errors of the first.
    for (let pass = 0; pass < 2; pass++) {
      for (let earlier = 0; earlier <= step; earlier++) {
        const from = earlier * n;
        let along = 0;
        for (let i = 0; i < n; i++) along += next[i] * basis[from + i];
        if (pass === 0 && earlier === step) diagonal[step] = along;
        for (let i = 0; i < n; i++) next[i] -= along * basis[from + i];
      }
    }
    length = norm(next);
    beside[step] = length;
    if (step % 10 === 9 && isEnough(diagonal.subarray(0, step + 1), beside.subarray(0, step + 1))) {
      step++;
      break;
    }
  }
  return { diagonal, beside, basis, stepCount: step };
}

/** Four independent sums, for instruction-level parallelism. */
function dot(a: Float32Array, fromA: number, b: Float64Array, fromB: number, count: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    first += a[fromA + i] * b[fromB + i];
    second += a[fromA + i + 1] * b[fromB + i + 1];
    third += a[fromA + i + 2] * b[fromB + i + 2];
    fourth += a[fromA + i + 3] * b[fromB + i + 3];
  }
  for (; i < count; i++) first += a[fromA + i] * b[fromB + i];
  return first + second + (third + fourth);
}

/** Subtracts each column's mean, computed in float64: [rows, columns], in place. */
export function centreColumns(data: Float32Array, rowCount: number, columnCount: number): void {
  const mean = new Float64Array(columnCount);
  for (let at = 0; at < data.length; ) for (let c = 0; c < columnCount; c++, at++) mean[c] += data[at];
  for (let c = 0; c < columnCount; c++) mean[c] /= rowCount;
  for (let at = 0; at < data.length; ) for (let c = 0; c < columnCount; c++, at++) data[at] -= mean[c];
}

/**
 * The `count` nearest rows of each row, itself first, from a Gram matrix of rows: indices and Euclidean distances,
 * both [n, count].
 */
export function nearestRows(
  gram: Float32Array,
  n: number,
  count: number,
): { indices: Int32Array; distances: Float64Array } {
  const indices = new Int32Array(n * count);
  const distances = new Float64Array(n * count);
  for (let row = 0; row < n; row++) {
    const at = row * count;
    let kept = 0;
    for (let other = 0; other < n; other++) {
      const squared = gram[row * n + row] + gram[other * n + other] - 2 * gram[row * n + other];
      // Rounding must not rank a duplicate before the row itself.
      const distance = other === row ? -1 : Math.sqrt(Math.max(0, squared));
      if (kept === count && distance >= distances[at + count - 1]) continue;
      let place = kept < count ? kept++ : count - 1;
      for (; place > 0 && distances[at + place - 1] > distance; place--) {
        distances[at + place] = distances[at + place - 1];
        indices[at + place] = indices[at + place - 1];
      }
      distances[at + place] = distance;
      indices[at + place] = other;
    }
    distances[at] = 0;
  }
  return { indices, distances };
}

function norm(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}
