/** Place of the first value that is NaN or infinite, or -1. */
export function firstNonFinite(values: Float32Array): number {
  // A finite number less itself is 0; NaN and both infinities give NaN.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) return i;
  return -1;
}
