/**
 * Pillow's antialiased bilinear resize, to the bit, computing only a window of the result.
 *
 * Facts from Pillow 9.4.0, src/libImaging/Resample.c: the filter is a triangle whose support grows with the scale
 * (antialiasing); weights are normalized in float64 and rounded half away from zero to fixed point with 22 bits; the
 * horizontal pass comes first and rounds to 8 bits; each sum starts at one half.
 */

/** Fractional bits of a weight: 32 less 8 bits of pixel less 2 bits of headroom. */
const precisionBits = 22;
const half = 1 << (precisionBits - 1);

/** Which source pixels make each output pixel of one axis, and by how much. */
export interface Taps {
  /** Output pixels. */
  readonly count: number;
  /** Weights kept per output pixel; unused ones are 0. */
  readonly width: number;
  /** [count]: first source pixel. */
  readonly start: Int32Array;
  /** [count]: source pixels used, at most `width`. */
  readonly length: Int32Array;
  /** [count, width], fixed point with 22 fractional bits. */
  readonly weights: Int32Array;
}

/**
 * Weights for output pixels `from` up to `from + count` of a resize of one axis from `sourceSize` to `targetSize`.
 */
export function bilinearTaps(sourceSize: number, targetSize: number, from: number, count: number): Taps {
  const scale = sourceSize / targetSize;
  const filterScale = Math.max(scale, 1);
  const support = filterScale; // the triangle reaches 1 on either side
  const width = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Int32Array(count * width);
  const exact = new Float64Array(width);
  const inverse = 1 / filterScale;
  for (let i = 0; i < count; i++) {
    const center = (from + i + 0.5) * scale;
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const used = Math.min(Math.trunc(center + support + 0.5), sourceSize) - first;
    let sum = 0;
    for (let j = 0; j < used; j++) {
      const distance = Math.abs((j + first - center + 0.5) * inverse);
      exact[j] = distance < 1 ? 1 - distance : 0;
      sum += exact[j];
    }
    for (let j = 0; j < used; j++) {
      const weight = sum === 0 ? exact[j] : exact[j] / sum;
      weights[i * width + j] = Math.trunc(0.5 + weight * (1 << precisionBits));
    }
    start[i] = first;
    length[i] = used;
  }
  return { count, width, start, length, weights };
}

/** A rectangle of pixels in memory: `channels` bytes per pixel, rows `sourceWidth` apart; RGB are the first three. */
export interface SourcePixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  /** Samples of more than 8 bits were clipped at 255, as Pillow does. */
  readonly clipped?: boolean;
}

/** Where a result goes: [rows, columns, 3] in `data`, the first pixel at `offset`, rows `stride` bytes apart. */
export interface TargetPixels {
  readonly data: Uint8Array;
  readonly offset: number;
  readonly stride: number;
}

/** Computes a window of a resized image; both implementations give the same bytes. */
export interface Resampler {
  resample(source: SourcePixels, columns: Taps, rows: Taps, target: TargetPixels): void;
}

/** Plain loops over typed arrays: the model for the WebAssembly one, and its stand-in on processors without SIMD. */
export function plainResampler(): Resampler {
  let scratch = new Uint8Array(0);
  return {
    resample(source, columns, rows, target) {
      if (rows.count === 0 || columns.count === 0) return;
      const firstRow = rows.start[0];
      const rowCount = end(rows) - firstRow;
      const needed = rowCount * columns.count * 3;
      if (scratch.length < needed) scratch = new Uint8Array(needed);
      horizontal(source, columns, firstRow, rowCount, scratch);
      vertical(scratch, columns.count * 3, rows, firstRow, target);
    },
  };
}

/** One past the last source pixel that is used. */
export function end(taps: Taps): number {
  const last = taps.count - 1;
  return taps.start[last] + taps.length[last];
}

function horizontal(source: SourcePixels, taps: Taps, firstRow: number, rowCount: number, out: Uint8Array): void {
  const { data, width: sourceWidth, channels } = source;
  const { count, width, start, length, weights } = taps;
  let at = 0;
  for (let y = 0; y < rowCount; y++) {
    const row = (firstRow + y) * sourceWidth * channels;
    for (let x = 0; x < count; x++) {
      let red = half;
      let green = half;
      let blue = half;
      let pixel = row + start[x] * channels;
      let k = x * width;
      for (const end = k + length[x]; k < end; k++) {
        const weight = weights[k];
        red = (red + Math.imul(data[pixel], weight)) | 0;
        green = (green + Math.imul(data[pixel + 1], weight)) | 0;
        blue = (blue + Math.imul(data[pixel + 2], weight)) | 0;
        pixel += channels;
      }
      // Weights are not negative and sum to 1 within n / 2 of the last bit, so below 16,448 of them the sum passes 255 by
      // less than one half: no clipping.
      out[at] = red >> precisionBits;
      out[at + 1] = green >> precisionBits;
      out[at + 2] = blue >> precisionBits;
      at += 3;
    }
  }
}

function vertical(source: Uint8Array, rowBytes: number, taps: Taps, firstRow: number, target: TargetPixels): void {
  const { count, width, start, length, weights } = taps;
  const out = target.data;
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < count; y++) {
    sums.fill(half);
    for (let j = 0; j < length[y]; j++) {
      const weight = weights[y * width + j];
      const row = (start[y] + j - firstRow) * rowBytes;
      for (let x = 0; x < rowBytes; x++) sums[x] = (sums[x] + Math.imul(source[row + x], weight)) | 0;
    }
    const to = target.offset + y * target.stride;
    for (let x = 0; x < rowBytes; x++) out[to + x] = sums[x] >> precisionBits;
  }
}
