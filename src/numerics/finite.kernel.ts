/** Index of the first value that is NaN or infinite, or -1. */
export function firstNonFinite(values: Float32Array | Float64Array): number {
  // x - x is 0 for finite numbers, NaN for NaN and infinities.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) return i;
  return -1;
}

/** Largest absolute value; NaN if any value is NaN or infinite. */
export function largestMagnitude(values: Float32Array): number {
  // Four independent chains, for instruction-level parallelism.
  let m0 = 0;
  let m1 = 0;
  let m2 = 0;
  let m3 = 0;
  // x - x is 0 for finite numbers, NaN for NaN and infinities, and a sum with NaN is NaN.
  let n0 = 0;
  let n1 = 0;
  let n2 = 0;
  let n3 = 0;
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    const v0 = values[i];
    const v1 = values[i + 1];
    const v2 = values[i + 2];
    const v3 = values[i + 3];
    m0 = Math.max(m0, Math.abs(v0));
    m1 = Math.max(m1, Math.abs(v1));
    m2 = Math.max(m2, Math.abs(v2));
    m3 = Math.max(m3, Math.abs(v3));
    n0 += v0 - v0;
    n1 += v1 - v1;
    n2 += v2 - v2;
    n3 += v3 - v3;
  }
  for (let i = whole; i < values.length; i++) {
    m0 = Math.max(m0, Math.abs(values[i]));
    n0 += values[i] - values[i];
  }
  return Math.max(m0, m1, m2, m3) + (n0 + n1 + (n2 + n3));
}

/**
 * Index of the first value that is not a probability, or of the first value of a row that does not sum to 1; -1 if all
 * rows are valid.
 *
 * @param tolerance of the sum, for rounding in float32
 */
export function firstImprobable(values: Float32Array, classCount: number, tolerance: number): number {
  for (let start = 0; start < values.length; start += classCount) {
    let sum = 0;
    for (let i = start; i < start + classCount; i++) {
      // Also false for NaN.
      if (!(values[i] >= 0 && values[i] <= 1 + tolerance)) return i;
      sum += values[i];
    }
    if (!(Math.abs(sum - 1) <= tolerance)) return start;
  }
  return -1;
}
