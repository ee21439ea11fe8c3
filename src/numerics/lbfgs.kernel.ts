export function dot<V extends Float32Array | Float64Array>(a: V, b: V): number {
  // Four sums: one chain of additions would wait for itself.
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

/** Numbers of one vector that are worked on at a time: they stay in the fastest cache while many vectors pass. */
const chunk = 1024;

/** out[k] = vectors[k] · a. Every vector is read once, four at a time so that a number of `a` serves four products. */
export function dotAll(vectors: readonly Float32Array[], a: Float64Array, out: Float64Array): void {
  out.fill(0);
  const whole = vectors.length - (vectors.length % 4);
  for (let start = 0; start < a.length; start += chunk) {
    const end = Math.min(a.length, start + chunk);
    let k = 0;
    for (; k < whole; k += 4) {
      const b0 = vectors[k];
      const b1 = vectors[k + 1];
      const b2 = vectors[k + 2];
      const b3 = vectors[k + 3];
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let i = start; i < end; i++) {
        const value = a[i];
        s0 += value * b0[i];
        s1 += value * b1[i];
        s2 += value * b2[i];
        s3 += value * b3[i];
      }
      out[k] += s0;
      out[k + 1] += s1;
      out[k + 2] += s2;
      out[k + 3] += s3;
    }
    for (; k < vectors.length; k++) {
      const b = vectors[k];
      let sum = 0;
      for (let i = start; i < end; i++) sum += a[i] * b[i];
      out[k] += sum;
    }
  }
}

/** target = ownFactor * own + sum over k of factors[k] * vectors[k]. Every vector is read once, four at a time. */
export function combine(
  target: Float64Array,
  own: Float64Array,
  ownFactor: number,
  vectors: readonly Float32Array[],
  factors: Float64Array,
): void {
  const whole = vectors.length - (vectors.length % 4);
  for (let start = 0; start < target.length; start += chunk) {
    const end = Math.min(target.length, start + chunk);
    for (let i = start; i < end; i++) target[i] = ownFactor * own[i];
    let k = 0;
    for (; k < whole; k += 4) {
      const b0 = vectors[k];
      const b1 = vectors[k + 1];
      const b2 = vectors[k + 2];
      const b3 = vectors[k + 3];
      const f0 = factors[k];
      const f1 = factors[k + 1];
      const f2 = factors[k + 2];
      const f3 = factors[k + 3];
      for (let i = start; i < end; i++) target[i] += f0 * b0[i] + f1 * b1[i] + (f2 * b2[i] + f3 * b3[i]);
    }
    for (; k < vectors.length; k++) {
      const b = vectors[k];
      const factor = factors[k];
      for (let i = start; i < end; i++) target[i] += factor * b[i];
    }
  }
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
