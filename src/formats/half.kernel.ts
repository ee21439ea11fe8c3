let float16Bits: Uint32Array | undefined;

/** IEEE 754 binary16 to float32, exactly; NaN payloads are kept. */
export function widenFloat16(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  float16Bits ??= everyFloat16();
  const table = float16Bits;
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < halves.length; i++) bits[i] = table[halves[i]];
  return out;
}

/** Each of the 65,536 numbers as float32 bits: a look-up takes half the time of the arithmetic. */
function everyFloat16(): Uint32Array {
  const bits = new Uint32Array(65_536);
  const floats = new Float32Array(bits.buffer);
  for (let half = 0; half < bits.length; half++) {
    const sign = (half & 0x8000) << 16;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) {
      bits[half] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
    } else if (magnitude >= 0x400) {
      // Exponent bias 15 to 127.
      bits[half] = sign | ((magnitude << 13) + (112 << 23));
    } else {
      // Zero and subnormals: a multiple of 2^-24.
      floats[half] = magnitude * 2 ** -24;
      bits[half] |= sign;
    }
  }
  return bits;
}

/** bfloat16 to float32, exactly: it is a float32's upper half. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return out;
}

/**
 * float32 to IEEE 754 binary16, rounding half to even, as NumPy's astype('<f2'): beyond 65504 (rounded) is infinity,
 * below 2^-24 (rounded) is zero, NaN stays NaN.
 */
export function toFloat16(source: Float32Array): Uint16Array {
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const out = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) {
    const word = words[i];
    const sign = (word >>> 16) & 0x8000;
    const exponent = (word >>> 23) & 0xff;
    const fraction = word & 0x7fffff;
    if (exponent === 0xff) {
      out[i] = sign | 0x7c00 | (fraction === 0 ? 0 : 0x200 | (fraction >>> 13));
      continue;
    }
    const e = exponent - 127 + 15;
    if (e >= 31) {
      out[i] = sign | 0x7c00;
    } else if (e > 0) {
      // A carry out of the fraction raises the exponent, and out of the largest exponent gives infinity: both are right.
      out[i] = sign | roundShift((e << 23) | fraction, 13);
    } else if (e >= -10) {
      out[i] = sign | roundShift(fraction | 0x800000, 14 - e);
    } else {
      out[i] = sign;
    }
  }
  return out;
}

/** value / 2^shift, rounded half to even. */
function roundShift(value: number, shift: number): number {
  const whole = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (whole & 1) === 1) ? whole + 1 : whole;
}
