/** Index of the first NaN or infinity, or -1. */
export function firstNonFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) {
    // x - x is 0 for a finite x and NaN for any other.
    if (data[i] - data[i] !== 0) return i;
  }
  return -1;
}
