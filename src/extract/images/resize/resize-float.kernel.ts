import { type ExactTaps, end } from './resize.kernel.ts';

/** Numbers of an image in memory: [height, width, channels], of which more may lie there than are taken. */
interface Samples {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly channels: number;
}

/** Where a result goes: [rows, columns, channels] in `data`, the first number at `offset`, rows `stride` numbers apart. */
interface FloatTarget {
  readonly data: Float32Array;
  readonly offset: number;
  readonly stride: number;
  /** The first ones of the source's. */
  readonly channels: number;
}

/**
 * A window of an image that is rescaled to [0, 1] and resized in floating point, columns first, as PyTorch's antialiased
 * `interpolate` does (aten, UpSampleKernel.cpp); sums are kept as float32 between the passes. What filters with negative
 * lobes overshoot stays.
 *
 * @param largest the sample that becomes 1
 */
export function resizeFloat(
  source: Samples,
  largest: number,
  columns: ExactTaps,
  rows: ExactTaps,
  target: FloatTarget,
): void {
  if (rows.count === 0 || columns.count === 0) return;
  const { channels } = target;
  const firstRow = rows.start[0];
  const rowCount = end(rows) - firstRow;
  const lineLength = columns.count * channels;
  const between = new Float32Array(rowCount * lineLength);
  for (let y = 0, at = 0; y < rowCount; y++) {
    const line = (firstRow + y) * source.width * source.channels;
    for (let x = 0; x < columns.count; x++) {
      const from = line + columns.start[x] * source.channels;
      const weights = x * columns.width;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let k = 0, pixel = from + channel; k < columns.length[x]; k++, pixel += source.channels) {
          sum += source.data[pixel] * columns.weights[weights + k];
        }
        between[at++] = sum / largest;
      }
    }
  }
  const sums = new Float64Array(lineLength);
  for (let y = 0; y < rows.count; y++) {
    sums.fill(0);
    for (let k = 0; k < rows.length[y]; k++) {
      const weight = rows.weights[y * rows.width + k];
      const line = (rows.start[y] + k - firstRow) * lineLength;
      for (let x = 0; x < lineLength; x++) sums[x] += weight * between[line + x];
    }
    target.data.set(sums, target.offset + y * target.stride);
  }
}
