/** IEEE 754 binary16 to float32, exactly; NaN payloads are kept. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const sign = (half & 0x8000) << 16;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) {
      bits[i] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
    } else if (magnitude >= 0x400) {
      // Exponent bias 15 to 127.
      bits[i] = sign | ((magnitude << 13) + (112 << 23));
    } else {
      // Zero and subnormals: a multiple of 2^-24.
      out[i] = magnitude * 2 ** -24;
      bits[i] |= sign;
    }
  }
  return out;
}

/** bfloat16 to float32, exactly: it is a float32's upper half. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return out;
}
