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
  for (let i = first; i < size; i++) {
    const row = i * size;
    const oldVi = oldV[i];
    const oldWi = pending[i];
    const vi = v[i];
    let sum = 0;
    for (let j = first; j < i; j++) {
      const value = matrix[row + j] - (oldVi * pending[j] + oldWi * oldV[j]);
      matrix[row + j] = value;
      sum += value * v[j];
      product[j] += value * vi;
    }
    const corner = matrix[row + i] - 2 * oldVi * oldWi;
    matrix[row + i] = corner;
    product[i] += sum + corner * vi;
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
  for (let row = 0, at = 0; row < forms.length; row++) {
    let u = 0;
    let sum = 0;
    for (let k = 0; k < size; k++, at++) {
      u = rows[at] - (k > 0 ? lower[k - 1] * u : 0);
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
