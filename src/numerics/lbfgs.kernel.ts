export function dot<V extends Float32Array | Float64Array>(a: V, b: V): number {
  // Four independent sums, for instruction-level parallelism.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  let i = 0;
  for (; i < whole; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < a.length; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

/** target = sum + factor * own */
export function addScaled(target: Float64Array, sum: Float32Array, factor: number, own: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = sum[i] + factor * own[i];
}

/** target = a + factor * b */
export function stepFrom(target: Float64Array, a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = a[i] + factor * b[i];
}

/** target = a - b, rounded to float32. */
export function subtract(target: Float32Array, a: Float64Array, b: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = a[i] - b[i];
}

export function largestMagnitude(values: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}
