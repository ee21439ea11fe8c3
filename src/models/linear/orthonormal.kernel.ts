/** Normalizes each column of [rows, columns] to length 1, in place; columns of zeros stay. */
export function normalizeColumns(values: Float64Array, columns: number): void {
  const factors = new Float64Array(columns);
  for (let i = 0; i < values.length; ) for (let c = 0; c < columns; c++, i++) factors[c] += values[i] * values[i];
  for (let c = 0; c < columns; c++) factors[c] = factors[c] > 0 ? 1 / Math.sqrt(factors[c]) : 0;
  for (let i = 0; i < values.length; ) for (let c = 0; c < columns; c++, i++) values[i] *= factors[c];
}

/**
 * A matrix T [size, rank] such that columns · T is orthonormal, by Cholesky factorization with pivots: columns are taken
 * by what remains of them, the longest first, until its square is below `least`.
 *
 * @param gram inner products of the columns: [size, size]
 */
export function orthonormalizer(gram: Float64Array, size: number, least: number): Float64Array {
  const left = new Float64Array(size);
  const order = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    left[i] = gram[i * size + i];
    order[i] = i;
  }
  // Row by column number.
  const factor = new Float64Array(size * size);
  let rank = 0;
  for (; rank < size; rank++) {
    let best = rank;
    for (let i = rank + 1; i < size; i++) if (left[order[i]] > left[order[best]]) best = i;
    const pivot = order[best];
    if (!(left[pivot] > least)) break;
    order[best] = order[rank];
    order[rank] = pivot;
    const root = Math.sqrt(left[pivot]);
    const own = pivot * size;
    factor[own + rank] = root;
    for (let i = rank + 1; i < size; i++) {
      const other = order[i] * size;
      let sum = gram[other + pivot];
      for (let k = 0; k < rank; k++) sum -= factor[other + k] * factor[own + k];
      factor[other + rank] = sum / root;
      left[order[i]] -= (sum / root) * (sum / root);
    }
  }
  // The inverse of the transposed factor, column by column.
  const result = new Float64Array(size * rank);
  for (let j = 0; j < rank; j++) {
    result[order[j] * rank + j] = 1 / factor[order[j] * size + j];
    for (let i = j - 1; i >= 0; i--) {
      let sum = 0;
      for (let k = i + 1; k <= j; k++) sum += factor[order[k] * size + i] * result[order[k] * rank + j];
      result[order[i] * rank + j] = -sum / factor[order[i] * size + i];
    }
  }
  return result;
}

/** Concatenates the rows of two matrices: [rows, leftColumns + rightColumns]. */
export function sideBySide<V extends Float32Array | Float64Array>(
  out: V,
  left: V,
  leftColumns: number,
  right: V,
  rightColumns: number,
): V {
  const columns = leftColumns + rightColumns;
  for (let at = 0, l = 0, r = 0; at < out.length; at += columns) {
    for (let c = 0; c < leftColumns; c++, l++) out[at + c] = left[l];
    for (let c = 0; c < rightColumns; c++, r++) out[at + leftColumns + c] = right[r];
  }
  return out;
}
