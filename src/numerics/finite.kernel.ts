/** Place of the first value that is NaN or infinite, or -1. */
export function firstNonFinite(values: Float32Array | Float64Array): number {
  // A finite number less itself is 0; NaN and both infinities give NaN.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) return i;
  return -1;
}

/** Largest absolute value; NaN among them is passed over. */
export function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > largest) largest = size;
  }
  return largest;
}

/**
 * Place of the first value that is no probability, or of the first one of a row that does not sum to 1; -1 where all rows
 * are probabilities.
 *
 * @param tolerance of the sum: float32 probabilities of many classes do not sum to 1 to the last digit
 */
export function firstImprobable(values: Float32Array, classCount: number, tolerance: number): number {
  for (let start = 0; start < values.length; start += classCount) {
    let sum = 0;
    for (let i = start; i < start + classCount; i++) {
      // Not so for NaN either.
      if (!(values[i] >= 0 && values[i] <= 1 + tolerance)) return i;
      sum += values[i];
    }
    if (!(Math.abs(sum - 1) <= tolerance)) return start;
  }
  return -1;
}
