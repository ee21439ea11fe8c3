const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/**
 * float32 to IEEE 754 binary16, rounding half to even, as NumPy's astype('<f2'): beyond 65504 (rounded) is infinity,
 * below 2^-24 (rounded) is zero, NaN stays NaN.
 */
export function toFloat16(source: Float32Array): Uint16Array {
  const out = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) {
    floats[0] = source[i];
    const word = bits[0];
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

let table: Float32Array | undefined;

/** IEEE 754 binary16 to float32, exactly: through a table of all 65,536 values, which npyjs's own decoder filled. */
export function fromFloat16(source: Uint16Array, target: Float32Array, decode: (half: number) => number): void {
  if (table === undefined) {
    table = new Float32Array(65536);
    for (let half = 0; half < 65536; half++) table[half] = decode(half);
  }
  const values = table;
  for (let i = 0; i < source.length; i++) target[i] = values[source[i]];
}
