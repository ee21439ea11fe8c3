/** Mean squared distance of all elements from their common mean, in float64; numpy's `var()`. */
export function totalVariance(data: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < data.length; at++) sum += data[at];
  const mean = sum / data.length;
  let squares = 0;
  for (let at = 0; at < data.length; at++) squares += (data[at] - mean) * (data[at] - mean);
  return squares / data.length;
}

/** Copies the chosen rows minus `centre` into `out`, [rows.length, columnCount]. */
export function centreRows(
  data: Float32Array,
  columnCount: number,
  rows: Int32Array,
  centre: Float64Array,
  out: Float32Array,
): void {
  for (let i = 0, to = 0; i < rows.length; i++) {
    let from = rows[i] * columnCount;
    for (let column = 0; column < columnCount; column++) out[to++] = data[from++] - centre[column];
  }
}

/** Squared Euclidean norm of each row, in float64: [rowCount]. */
export function squaredNorms(data: Float32Array, rowCount: number, columnCount: number): Float64Array {
  const norms = new Float64Array(rowCount);
  for (let row = 0, at = 0; row < rowCount; row++) {
    let sum = 0;
    for (const end = at + columnCount; at < end; at++) sum += data[at] * data[at];
    norms[row] = sum;
  }
  return norms;
}

/** a · bᵀ with float64 sums, rounded once: [aRows, bRows]. */
export function smallProduct(
  a: Float32Array,
  aRows: number,
  b: Float32Array,
  bRows: number,
  columnCount: number,
): Float32Array {
  const out = new Float32Array(aRows * bRows);
  for (let i = 0, at = 0; i < aRows; i++) {
    for (let j = 0; j < bRows; j++, at++) {
      let sum = 0;
      const from = i * columnCount;
      for (let k = 0, with_ = j * columnCount; k < columnCount; k++, with_++) sum += a[from + k] * b[with_];
      out[at] = sum;
    }
  }
  return out;
}

/** exp(-gamma |a - b|²) with float64 distances, rounded once: [aRows, bRows]. */
export function smallRbf(
  a: Float32Array,
  aRows: number,
  b: Float32Array,
  bRows: number,
  columnCount: number,
  gamma: number,
): Float32Array {
  const out = new Float32Array(aRows * bRows);
  for (let i = 0, at = 0; i < aRows; i++) {
    for (let j = 0; j < bRows; j++, at++) {
      let sum = 0;
      const from = i * columnCount;
      for (let k = 0, with_ = j * columnCount; k < columnCount; k++, with_++) {
        const difference = a[from + k] - b[with_];
        sum += difference * difference;
      }
      out[at] = Math.exp(-gamma * sum);
    }
  }
  return out;
}

/**
 * Writes the part of a block on and below the diagonal of a symmetric matrix. The rest stays untouched, so that the system
 * never allocates it.
 *
 * @param block values of the rows top to bottom - 1 with the columns left to right - 1
 * @param out [size, size]
 */
export function placeLower(
  block: Float32Array,
  top: number,
  bottom: number,
  left: number,
  right: number,
  size: number,
  out: Float32Array,
): void {
  const columns = right - left;
  for (let row = top; row < bottom; row++) {
    const from = (row - top) * columns;
    out.set(block.subarray(from, from + Math.min(columns, row + 1 - left)), row * size + left);
  }
}

/** A value of a symmetric matrix given by its lower triangle. */
export function symmetricValue(lower: Float32Array, stride: number, a: number, b: number): number {
  return a >= b ? lower[a * stride + b] : lower[b * stride + a];
}

/**
 * The chosen rows and columns of a symmetric matrix given by its lower triangle: [rows.length, columns.length]. In tiles
 * of sixteen columns, a cache line of the result.
 */
export function pickSymmetric(
  lower: Float32Array,
  stride: number,
  rows: Int32Array,
  columns: Int32Array,
): Float32Array {
  const width = columns.length;
  const out = new Float32Array(rows.length * width);
  const TILE = 16;
  for (let left = 0; left < width; left += TILE) {
    const right = Math.min(left + TILE, width);
    for (let i = 0; i < rows.length; i++) {
      for (let j = left; j < right; j++) out[i * width + j] = symmetricValue(lower, stride, rows[i], columns[j]);
    }
  }
  return out;
}
