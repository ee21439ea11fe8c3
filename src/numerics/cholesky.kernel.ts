/**
 * Cholesky factorization of columns `start` to `end` - 1 in place, after the earlier columns have been subtracted.
 * Reads and writes only the lower triangle. [size, size]
 */
export function factorColumns(matrix: Float64Array, size: number, start: number, end: number): void {
  for (let i = start; i < size; i++) {
    const row = i * size;
    const last = Math.min(i, end - 1);
    for (let j = start; j <= last; j++) {
      const other = j * size;
      let sum = matrix[row + j];
      for (let k = start; k < j; k++) sum -= matrix[row + k] * matrix[other + k];
      matrix[row + j] = i === j ? Math.sqrt(sum) : sum / matrix[other + j];
    }
  }
}

/** Copies columns `start` to `end` - 1 of the rows from `end` on: [size - end, end - start]. */
export function panelBelow(matrix: Float64Array, size: number, start: number, end: number): Float64Array {
  const width = end - start;
  const panel = new Float64Array((size - end) * width);
  for (let i = end; i < size; i++) {
    panel.set(matrix.subarray(i * size + start, i * size + end), (i - end) * width);
  }
  return panel;
}

/** Subtracts a matrix [size - end, size - end] from the lower triangle from row and column `end` on. */
export function subtractFromLower(matrix: Float64Array, size: number, end: number, product: Float64Array): void {
  const width = size - end;
  for (let i = end; i < size; i++) {
    for (let j = end, at = (i - end) * width; j <= i; j++, at++) matrix[i * size + j] -= product[at];
  }
}

/**
 * Solves rows `start` to `end` - 1 of factorᵀ · x = values in place, after rows from `end` on have been subtracted;
 * factor lower triangular, values [size, columns].
 */
export function solveTransposedRows(
  factor: Float64Array,
  size: number,
  values: Float64Array,
  columns: number,
  start: number,
  end: number,
): void {
  for (let i = end - 1; i >= start; i--) {
    const own = i * columns;
    const pivot = factor[i * size + i];
    for (let c = 0; c < columns; c++) values[own + c] /= pivot;
    for (let j = start; j < i; j++) {
      const by = factor[i * size + j];
      for (let c = 0, at = j * columns; c < columns; c++, at++) values[at] -= by * values[own + c];
    }
  }
}

/** Copies rows `start` to `end` - 1 of the columns before `start`: [end - start, start]. */
export function panelLeft(matrix: Float64Array, size: number, start: number, end: number): Float64Array {
  const panel = new Float64Array((end - start) * start);
  for (let i = start; i < end; i++) panel.set(matrix.subarray(i * size, i * size + start), (i - start) * start);
  return panel;
}

/** Columns `start` to `end` - 1 of the rows minus their means: [rows, end - start] in float64. */
export function centredColumns(
  data: Float32Array,
  columnCount: number,
  means: Float64Array,
  start: number,
  end: number,
): Float64Array {
  const width = end - start;
  const rowCount = data.length / columnCount;
  const out = new Float64Array(rowCount * width);
  for (let row = 0, at = 0; row < rowCount; row++) {
    for (let d = start; d < end; d++, at++) out[at] = data[row * columnCount + d] - means[d];
  }
  return out;
}

export function takeFrom(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) target[i] -= values[i];
}
