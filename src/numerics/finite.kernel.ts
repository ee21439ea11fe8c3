/** Index of the first value that is NaN or infinite, or -1. */
export function firstNonFinite(values: Float32Array | Float64Array): number {
  // x - x is 0 for finite numbers, NaN for NaN and infinities.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) return i;
  return -1;
}

/** Largest absolute value; NaN if any value is NaN or infinite. */
export function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  let nonFinite = 0;
  for (let i = 0; i < values.length; i++) {
    largest = Math.max(largest, Math.abs(values[i]));
    nonFinite += values[i] - values[i];
  }
  return largest + nonFinite;
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
