/** Copies the lower triangle of a [size, size] matrix to the upper one. */
export function mirrorLower(matrix: Float64Array, size: number): void {
  const tile = 32;
  for (let top = 0; top < size; top += tile) {
    for (let left = 0; left <= top; left += tile) {
      for (let i = top; i < Math.min(size, top + tile); i++) {
        for (let j = left; j < Math.min(i, left + tile); j++) matrix[j * size + i] = matrix[i * size + j];
      }
    }
  }
}

/** A block of a matrix with `size` columns, from the given row and column on: [rows, columns]. */
export function cutBlock(
  matrix: Float64Array,
  size: number,
  row: number,
  column: number,
  rows: number,
  columns: number,
  into: Float64Array = new Float64Array(rows * columns),
): Float64Array {
  for (let i = 0; i < rows; i++) {
    const start = (row + i) * size + column;
    into.set(matrix.subarray(start, start + columns), i * columns);
  }
  return into;
}

/** The block diagonal matrix of a unit matrix of `more` rows and the given one. */
export function grownByUnit(matrix: Float64Array, size: number, more: number, into: Float64Array): Float64Array {
  const side = size + more;
  into.fill(0);
  for (let i = 0; i < more; i++) into[i * side + i] = 1;
  for (let i = 0; i < size; i++) {
    into.set(matrix.subarray(i * size, (i + 1) * size), (more + i) * side + more);
  }
  return into;
}

/**
 * QR factorization of a panel by Householder reflectors (Golub and Van Loan, Matrix Computations, section 5.2.1). The
 * reflectors replace the columns; they are 1 at their own index and 0 before it.
 *
 * @param columns [count, length]: the panel's columns, one after the other; length at least count
 * @returns R [count, count], upper triangular, and the scales: a reflector is I - scale v vᵀ
 */
export function reflectPanel(
  columns: Float64Array,
  count: number,
  length: number,
): { readonly upper: Float64Array; readonly scale: Float64Array } {
  const upper = new Float64Array(count * count);
  const scale = new Float64Array(count);
  for (let r = 0; r < count; r++) {
    const own = r * length;
    const head = columns[own + r];
    let squares = 0;
    for (let i = r + 1; i < length; i++) squares += columns[own + i] * columns[own + i];
    let image = head;
    if (squares > 0) {
      const norm = Math.sqrt(head * head + squares);
      image = head > 0 ? -norm : norm;
      scale[r] = (image - head) / image;
      const unit = 1 / (head - image);
      for (let i = r + 1; i < length; i++) columns[own + i] *= unit;
    }
    for (let i = 0; i < r; i++) {
      upper[i * count + r] = columns[own + i];
      columns[own + i] = 0;
    }
    upper[r * count + r] = image;
    columns[own + r] = 1;
    for (let c = r + 1; c < count; c++) {
      const other = c * length;
      let dot = 0;
      for (let i = r; i < length; i++) dot += columns[own + i] * columns[other + i];
      dot *= scale[r];
      for (let i = r; i < length; i++) columns[other + i] -= dot * columns[own + i];
    }
  }
  return { upper, scale };
}

/**
 * Triangular factor F of several reflectors, whose product is I - V F Vᵀ (LAPACK's dlarft, forward): [count, count], upper
 * triangular.
 *
 * @param dots Vᵀ V
 */
export function reflectorFactor(dots: Float64Array, scale: Float64Array): Float64Array {
  const count = scale.length;
  const factor = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < i; row++) {
      let sum = 0;
      for (let j = row; j < i; j++) sum += factor[row * count + j] * dots[j * count + i];
      factor[row * count + i] = -scale[i] * sum;
    }
    factor[i * count + i] = scale[i];
  }
  return factor;
}

/** [V W] and [W V] of V, given transposed as [count, rows], and W [rows, count]. */
export function pairColumns(
  turnedV: Float64Array,
  w: Float64Array,
  rows: number,
  count: number,
): { readonly left: Float64Array; readonly right: Float64Array } {
  const left = new Float64Array(rows * 2 * count);
  const right = new Float64Array(rows * 2 * count);
  for (let i = 0; i < rows; i++) {
    const at = i * 2 * count;
    for (let c = 0; c < count; c++) {
      const v = turnedV[c * rows + i];
      const other = w[i * count + c];
      left[at + c] = v;
      left[at + count + c] = other;
      right[at + c] = other;
      right[at + count + c] = v;
    }
  }
  return { left, right };
}

/**
 * One step of the block Cholesky factorization of a block tridiagonal matrix plus a shift: the inverse of the diagonal
 * block's factor, and that times the coupling with the previous block.
 *
 * @param diagonal [width, width]
 * @param below the block to its left, [width, widthBefore]; null for the first
 * @param inverseBefore the previous inverse, [widthBefore, widthBefore], lower triangular
 * @param inverse [width, width], out, lower triangular
 * @param carry [width, widthBefore], out
 */
export function factorBlock(
  diagonal: Float64Array,
  below: Float64Array | null,
  inverseBefore: Float64Array,
  shift: number,
  inverse: Float64Array,
  carry: Float64Array,
): void {
  const width = Math.sqrt(diagonal.length);
  const before = Math.sqrt(inverseBefore.length);
  const rest = diagonal.slice();
  for (let i = 0; i < width; i++) rest[i * width + i] += shift;
  const coupling = new Float64Array(width * before);
  if (below !== null) {
    // M = E · inverseBeforeᵀ, and S = D + shift - M · Mᵀ.
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < before; j++) {
        let sum = 0;
        for (let k = 0; k <= j; k++) sum += below[i * before + k] * inverseBefore[j * before + k];
        coupling[i * before + j] = sum;
      }
    }
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = rest[i * width + j];
        for (let k = 0; k < before; k++) sum -= coupling[i * before + k] * coupling[j * before + k];
        rest[i * width + j] = sum;
      }
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = rest[i * width + j];
      for (let k = 0; k < j; k++) sum -= rest[i * width + k] * rest[j * width + k];
      // Rounding may make an eigenvalue negative; it should be at least the shift.
      rest[i * width + j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON * shift)) : sum / rest[j * width + j];
    }
  }
  for (let c = 0; c < width; c++) {
    for (let i = c; i < width; i++) {
      let sum = i === c ? 1 : 0;
      for (let k = c; k < i; k++) sum -= rest[i * width + k] * inverse[k * width + c];
      inverse[i * width + c] = sum / rest[i * width + i];
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < before; j++) {
      let sum = 0;
      for (let k = 0; k <= i; k++) sum += inverse[i * width + k] * coupling[k * before + j];
      carry[i * before + j] = sum;
    }
  }
}

/** Mean of the diagonal of a matrix with these diagonal blocks. */
export function meanOfDiagonals(blocks: readonly Float64Array[]): number {
  let sum = 0;
  let size = 0;
  for (const block of blocks) {
    const width = Math.sqrt(block.length);
    for (let i = 0; i < width; i++) sum += block[i * width + i];
    size += width;
  }
  return sum / size;
}

/** Adds the squared columns of several matrices: [matrices, rows, columns] to [matrices, columns]. */
export function addSquares(values: Float64Array, rows: number, sums: Float64Array, columns: number): void {
  for (let start = 0, at = 0; start < sums.length; start += columns) {
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < columns; c++, at++) sums[start + c] += values[at] * values[at];
    }
  }
}
