/**
 * Householder reduction of a symmetric matrix to tridiagonal form, A = Q T Qᵀ with Q = H₀ H₁ … (Golub and Van Loan,
 * Matrix Computations, section 8.3.1), in steps so that the caller can pause.
 */
export interface Tridiagonalization {
  readonly size: number;
  /** [size, size], row-major; only the lower triangle is read, and it is used up. */
  readonly matrix: Float64Array;
  /** [size, size]: row k holds the reflector of step k, zeros up to and including place k. */
  readonly reflectors: Float64Array;
  /** [size]: Hₖ = I - scale[k] v vᵀ. */
  readonly scale: Float64Array;
  readonly diagonal: Float64Array;
  /** [size]: offDiagonal[k] couples k and k + 1; the last one is 0. */
  readonly offDiagonal: Float64Array;
  /** [size]: second vector of the rank-two update that is still to do. */
  readonly pending: Float64Array;
}

export function startTridiagonalization(matrix: Float64Array, size: number): Tridiagonalization {
  return {
    size,
    matrix,
    reflectors: new Float64Array(size * size),
    scale: new Float64Array(size),
    diagonal: new Float64Array(size),
    offDiagonal: new Float64Array(size),
    pending: new Float64Array(size),
  };
}

/** Does step k; steps 0 to size - 1 in this order finish the reduction. */
export function tridiagonalStep(state: Tridiagonalization, k: number): void {
  const { size, matrix, reflectors, scale, diagonal, offDiagonal, pending } = state;
  const before = (k - 1) * size;
  if (k > 0) {
    const v = reflectors[before + k];
    const w = pending[k];
    for (let i = k; i < size; i++) matrix[i * size + k] -= reflectors[before + i] * w + pending[i] * v;
  }
  diagonal[k] = matrix[k * size + k];
  if (k === size - 1) return;

  const own = k * size;
  const head = matrix[(k + 1) * size + k];
  let squares = 0;
  for (let i = k + 2; i < size; i++) squares += matrix[i * size + k] * matrix[i * size + k];
  reflectors[own + k + 1] = 1;
  if (squares === 0) {
    offDiagonal[k] = head;
  } else {
    const length = Math.sqrt(head * head + squares);
    const image = head > 0 ? -length : length;
    offDiagonal[k] = image;
    scale[k] = (image - head) / image;
    for (let i = k + 2; i < size; i++) reflectors[own + i] = matrix[i * size + k] / (head - image);
  }
  const product = updateAndMultiply(state, k);
  let dot = 0;
  for (let i = k + 1; i < size; i++) {
    product[i] *= scale[k];
    dot += product[i] * reflectors[own + i];
  }
  const shift = (scale[k] / 2) * dot;
  for (let i = k + 1; i < size; i++) pending[i] = product[i] - shift * reflectors[own + i];
}

/** The last step's rank-two update of the trailing block and its product with this step's reflector, in one pass. */
function updateAndMultiply(state: Tridiagonalization, k: number): Float64Array {
  const { size, matrix, reflectors, pending } = state;
  const first = k + 1;
  const product = new Float64Array(size);
  const v = reflectors.subarray(k * size, (k + 1) * size);
  const oldV = k > 0 ? reflectors.subarray((k - 1) * size, k * size) : new Float64Array(size);
  // Two rows at a time: what they share is read once. The sums are those of one row after the other, to the bit.
  let i = first;
  for (; i + 1 < size; i += 2) {
    const row = i * size;
    const next = row + size;
    const oldVi = oldV[i];
    const oldWi = pending[i];
    const vi = v[i];
    const oldVNext = oldV[i + 1];
    const oldWNext = pending[i + 1];
    const vNext = v[i + 1];
    let sum = 0;
    let sumNext = 0;
    for (let j = first; j < i; j++) {
      const oldVj = oldV[j];
      const oldWj = pending[j];
      const vj = v[j];
      const value = matrix[row + j] - (oldVi * oldWj + oldWi * oldVj);
      const valueNext = matrix[next + j] - (oldVNext * oldWj + oldWNext * oldVj);
      matrix[row + j] = value;
      matrix[next + j] = valueNext;
      sum += value * vj;
      sumNext += valueNext * vj;
      product[j] = product[j] + value * vi + valueNext * vNext;
    }
    const corner = matrix[row + i] - 2 * oldVi * oldWi;
    matrix[row + i] = corner;
    product[i] += sum + corner * vi;
    const between = matrix[next + i] - (oldVNext * oldWi + oldWNext * oldVi);
    matrix[next + i] = between;
    sumNext += between * vi;
    product[i] += between * vNext;
    const nextCorner = matrix[next + i + 1] - 2 * oldVNext * oldWNext;
    matrix[next + i + 1] = nextCorner;
    product[i + 1] += sumNext + nextCorner * vNext;
  }
  if (i < size) {
    const row = i * size;
    let sum = 0;
    for (let j = first; j < i; j++) {
      const value = matrix[row + j] - (oldV[i] * pending[j] + pending[i] * oldV[j]);
      matrix[row + j] = value;
      sum += value * v[j];
      product[j] += value * v[i];
    }
    const corner = matrix[row + i] - 2 * oldV[i] * pending[i];
    matrix[row + i] = corner;
    product[i] += sum + corner * v[i];
  }
  return product;
}

/**
 * Triangular factor of a run of reflectors: H_first … H_(first + count - 1) = I - V F Vᵀ (LAPACK's dlarft, forward).
 * Returns F, [count, count], upper triangular.
 */
export function reflectorFactor(state: Tridiagonalization, first: number, count: number): Float64Array {
  const { size, reflectors, scale } = state;
  const factor = new Float64Array(count * count);
  const dots = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const own = (first + i) * size;
    for (let j = 0; j < i; j++) {
      const other = (first + j) * size;
      let dot = 0;
      for (let at = first + i + 1; at < size; at++) dot += reflectors[own + at] * reflectors[other + at];
      dots[j] = dot;
    }
    for (let row = 0; row < i; row++) {
      let sum = 0;
      for (let j = row; j < i; j++) sum += factor[row * count + j] * dots[j];
      factor[row * count + i] = -scale[first + i] * sum;
    }
    factor[i * count + i] = scale[first + i];
  }
  return factor;
}

/** L D Lᵀ of T + shift I; T + shift I must be positive definite. */
export interface ShiftedFactor {
  /** [size]: subdiagonal of L at k couples k and k + 1. */
  readonly lower: Float64Array;
  /** [size]: 1 / D. */
  readonly inverse: Float64Array;
}

export function factorShifted(diagonal: Float64Array, offDiagonal: Float64Array, shift: number): ShiftedFactor {
  const size = diagonal.length;
  const lower = new Float64Array(size);
  const inverse = new Float64Array(size);
  let carried = 0;
  for (let k = 0; k < size; k++) {
    // Rounding may leave an eigenvalue a little below 0: the shift alone is what it should be at least.
    const pivot = Math.max(diagonal[k] + shift - carried, Number.EPSILON * shift);
    inverse[k] = 1 / pivot;
    lower[k] = offDiagonal[k] / pivot;
    carried = offDiagonal[k] * lower[k];
  }
  return { lower, inverse };
}

/** zᵀ (T + shift I)⁻¹ z for each row z of [rows, size]. */
export function inverseForms(factor: ShiftedFactor, rows: Float64Array, size: number): Float64Array {
  const { lower, inverse } = factor;
  const forms = new Float64Array(rows.length / size);
  let row = 0;
  // Four rows at a time: each number of one waits for the one before it.
  for (; row + 3 < forms.length; row += 4) {
    const [at0, at1, at2, at3] = [row * size, (row + 1) * size, (row + 2) * size, (row + 3) * size];
    let u0 = 0;
    let u1 = 0;
    let u2 = 0;
    let u3 = 0;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let k = 0, before = 0; k < size; before = lower[k], k++) {
      u0 = rows[at0 + k] - before * u0;
      u1 = rows[at1 + k] - before * u1;
      u2 = rows[at2 + k] - before * u2;
      u3 = rows[at3 + k] - before * u3;
      sum0 += u0 * u0 * inverse[k];
      sum1 += u1 * u1 * inverse[k];
      sum2 += u2 * u2 * inverse[k];
      sum3 += u3 * u3 * inverse[k];
    }
    forms[row] = sum0;
    forms[row + 1] = sum1;
    forms[row + 2] = sum2;
    forms[row + 3] = sum3;
  }
  for (; row < forms.length; row++) {
    let u = 0;
    let sum = 0;
    for (let k = 0, before = 0; k < size; before = lower[k], k++) {
      u = rows[row * size + k] - before * u;
      sum += u * u * inverse[k];
    }
    forms[row] = sum;
  }
  return forms;
}

/** (T + shift I)⁻¹ B for B [size, columns]; returns a new array. */
export function solveShifted(factor: ShiftedFactor, right: Float64Array, columns: number): Float64Array {
  const { lower, inverse } = factor;
  const size = lower.length;
  const out = right.slice();
  for (let k = 1; k < size; k++) {
    const l = lower[k - 1];
    for (let c = 0, at = k * columns; c < columns; c++, at++) out[at] -= l * out[at - columns];
  }
  for (let k = 0, at = 0; k < size; k++) for (let c = 0; c < columns; c++, at++) out[at] *= inverse[k];
  for (let k = size - 2; k >= 0; k--) {
    const l = lower[k];
    for (let c = 0, at = k * columns; c < columns; c++, at++) out[at] -= l * out[at + columns];
  }
  return out;
}
