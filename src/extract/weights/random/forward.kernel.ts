/**
 * A small forward pass in plain JavaScript, for the batch norm statistics of random weights alone. Its bits are the
 * same everywhere: JavaScript fixes the rounding and the order of every addition, which no native library does.
 * Activations lie as [positions, channels]; positions run over images, rows and columns.
 */

/**
 * Neighbourhoods as rows: [images, side, side, channels] to [images * outSide * outSide, channels * kernel * kernel],
 * a row in the order of a convolution kernel's [channels, kernel, kernel]; zeros outside the image.
 */
export function neighbourhoods(
  input: Float32Array,
  imageCount: number,
  side: number,
  channels: number,
  kernel: number,
  stride: number,
  padding: number,
  outSide: number,
): Float32Array {
  const taps = kernel * kernel;
  const rowLength = channels * taps;
  const out = new Float32Array(imageCount * outSide * outSide * rowLength);
  for (let image = 0, row = 0; image < imageCount; image++) {
    for (let oy = 0; oy < outSide; oy++) {
      for (let ox = 0; ox < outSide; ox++, row += rowLength) {
        for (let ky = 0; ky < kernel; ky++) {
          const y = oy * stride + ky - padding;
          if (y < 0 || y >= side) continue;
          for (let kx = 0; kx < kernel; kx++) {
            const x = ox * stride + kx - padding;
            if (x < 0 || x >= side) continue;
            const from = ((image * side + y) * side + x) * channels;
            const to = row + ky * kernel + kx;
            for (let c = 0; c < channels; c++) out[to + c * taps] = input[from + c];
          }
        }
      }
    }
  }
  return out;
}

/**
 * A grouped convolution's product: each group's columns of rows [rowCount, length] times its own kernels
 * [outChannels / groups, length / groups], transposed: [rowCount, outChannels].
 */
export function multiplyGroups(
  rows: Float32Array,
  kernels: Float32Array,
  rowCount: number,
  outChannels: number,
  length: number,
  groups: number,
): Float32Array {
  const inner = length / groups;
  const outer = outChannels / groups;
  const part = new Float32Array(rowCount * inner);
  const out = new Float32Array(rowCount * outChannels);
  for (let group = 0; group < groups; group++) {
    for (let r = 0; r < rowCount; r++)
      for (let i = 0; i < inner; i++) part[r * inner + i] = rows[r * length + group * inner + i];
    const own = kernels.subarray(group * outer * inner, (group + 1) * outer * inner);
    const product = multiply(part, own, rowCount, outer, inner);
    for (let r = 0; r < rowCount; r++)
      for (let o = 0; o < outer; o++) out[r * outChannels + group * outer + o] = product[r * outer + o];
  }
  return out;
}

/** rows [rowCount, length] times kernels [outChannels, length], transposed: [rowCount, outChannels]; sums in float64. */
export function multiply(
  rows: Float32Array,
  kernels: Float32Array,
  rowCount: number,
  outChannels: number,
  length: number,
): Float32Array {
  const out = new Float32Array(rowCount * outChannels);
  // Blocks of 2 rows by 4 kernels stay in registers. Counts of rows and of channels are multiples of 2 and 4 here.
  for (let r = 0; r < rowCount; r += 2) {
    const a0 = r * length;
    const a1 = a0 + length;
    for (let o = 0; o < outChannels; o += 4) {
      const b0 = o * length;
      const b1 = b0 + length;
      const b2 = b1 + length;
      const b3 = b2 + length;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let k = 0; k < length; k++) {
        const x0 = rows[a0 + k];
        const x1 = rows[a1 + k];
        const w0 = kernels[b0 + k];
        const w1 = kernels[b1 + k];
        const w2 = kernels[b2 + k];
        const w3 = kernels[b3 + k];
        s00 += x0 * w0;
        s01 += x0 * w1;
        s02 += x0 * w2;
        s03 += x0 * w3;
        s10 += x1 * w0;
        s11 += x1 * w1;
        s12 += x1 * w2;
        s13 += x1 * w3;
      }
      const c0 = r * outChannels + o;
      const c1 = c0 + outChannels;
      out[c0] = s00;
      out[c0 + 1] = s01;
      out[c0 + 2] = s02;
      out[c0 + 3] = s03;
      out[c1] = s10;
      out[c1 + 1] = s11;
      out[c1 + 2] = s12;
      out[c1 + 3] = s13;
    }
  }
  return out;
}

/** Mean and (biased) variance of each channel over all positions. */
export function channelStatistics(
  values: Float32Array,
  channels: number,
): { mean: Float32Array; variance: Float32Array } {
  const positions = values.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let at = 0; at < values.length; ) for (let c = 0; c < channels; c++) mean[c] += values[at++];
  for (let c = 0; c < channels; c++) mean[c] /= positions;
  for (let at = 0; at < values.length; ) {
    for (let c = 0; c < channels; c++) {
      const off = values[at++] - mean[c];
      variance[c] += off * off;
    }
  }
  for (let c = 0; c < channels; c++) variance[c] /= positions;
  return { mean: Float32Array.from(mean), variance: Float32Array.from(variance) };
}

/** In place: (x - mean) / sqrt(variance + epsilon), the batch norm of weight 1 and bias 0. */
export function normalize(values: Float32Array, mean: Float32Array, variance: Float32Array, epsilon: number): void {
  const channels = mean.length;
  const scale = new Float64Array(channels);
  for (let c = 0; c < channels; c++) scale[c] = 1 / Math.sqrt(variance[c] + epsilon);
  for (let at = 0; at < values.length; )
    for (let c = 0; c < channels; c++, at++) values[at] = (values[at] - mean[c]) * scale[c];
}

/** In place: max(0, x). */
export function relu(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
}

/** In place: `values` plus `other`. */
export function add(values: Float32Array, other: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] += other[i];
}

/** 3 x 3 max pool of stride 2 and padding 1 over values from 0 up: [images, side, side, channels] to half the side. */
export function maxPool3x3(input: Float32Array, imageCount: number, side: number, channels: number): Float32Array {
  const outSide = side / 2;
  const out = new Float32Array(imageCount * outSide * outSide * channels);
  for (let image = 0; image < imageCount; image++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const from = ((image * side + y) * side + x) * channels;
        // Position y lies in the windows around 2 * oy for oy = floor(y / 2) and, for an odd y, the next one.
        for (let oy = y >> 1; oy <= (y + 1) >> 1 && oy < outSide; oy++) {
          for (let ox = x >> 1; ox <= (x + 1) >> 1 && ox < outSide; ox++) {
            const to = ((image * outSide + oy) * outSide + ox) * channels;
            for (let c = 0; c < channels; c++) if (input[from + c] > out[to + c]) out[to + c] = input[from + c];
          }
        }
      }
    }
  }
  return out;
}
