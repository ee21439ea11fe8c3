/**
 * The two passes of Pillow's resize, to the bit, computing only a window of the result: the horizontal pass comes first
 * and rounds to 8 bits, clipping what filters with negative lobes overshoot; each sum starts at one half (Pillow 9.4.0,
 * src/libImaging/Resample.c).
 */

/** Fractional bits of a weight: 32 less 8 bits of pixel less 2 bits of headroom. */
export const precisionBits = 22;
const half = 1 << (precisionBits - 1);

/** Which source pixels make each output pixel of one axis, and by how much. */
export interface ExactTaps {
  readonly count: number;
  /** Weights kept per output pixel; unused ones are 0. */
  readonly width: number;
  /** [count]: first source pixel. */
  readonly start: Int32Array;
  /** [count]: source pixels used, at most `width`. */
  readonly length: Int32Array;
  /** [count, width]; those of one output pixel add up to 1. */
  readonly weights: Float64Array;
}

/** The same for sums of integers. */
export interface Taps extends Omit<ExactTaps, 'weights'> {
  /** [count, width], fixed point with 22 fractional bits. */
  readonly weights: Int32Array;
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
export function end(taps: Pick<Taps, 'count' | 'start' | 'length'>): number {
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
      out[at] = clip(red >> precisionBits);
      out[at + 1] = clip(green >> precisionBits);
      out[at + 2] = clip(blue >> precisionBits);
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
    for (let x = 0; x < rowBytes; x++) out[to + x] = clip(sums[x] >> precisionBits);
  }
}

function clip(value: number): number {
  return value < 0 ? 0 : Math.min(value, 255);
}
