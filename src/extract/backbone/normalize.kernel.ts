/**
 * Value of every byte after torchvision's ToTensor and Normalize, per channel: [channels * 256]. Each step is rounded
 * to float32 as in PyTorch: byte / 255, minus mean, divided by std.
 */
export function normalizationTable(mean: ArrayLike<number>, std: ArrayLike<number>): Float32Array {
  const table = new Float32Array(mean.length * 256);
  for (let channel = 0; channel < mean.length; channel++) {
    const channelMean = Math.fround(mean[channel]);
    const channelStd = Math.fround(std[channel]);
    for (let byte = 0; byte < 256; byte++) {
      const centred = Math.fround(Math.fround(byte / 255) - channelMean);
      table[channel * 256 + byte] = centred / channelStd;
    }
  }
  return table;
}

/** RGB bytes [rows, positions, 3] to normalized planes [rows, 3, positions], by `normalizationTable`. */
export function normalizePlanes(
  bytes: Uint8Array,
  rowCount: number,
  positions: number,
  table: Float32Array,
  out: Float32Array,
): void {
  for (let row = 0, from = 0; row < rowCount; row++) {
    let red = row * positions * 3;
    let green = red + positions;
    let blue = green + positions;
    for (let position = 0; position < positions; position++, from += 3) {
      out[red++] = table[bytes[from]];
      out[green++] = table[256 + bytes[from + 1]];
      out[blue++] = table[512 + bytes[from + 2]];
    }
  }
}

/** Grey bytes to normalized numbers, by `normalizationTable` of one channel. */
export function normalizeGrey(bytes: Uint8Array, table: Float32Array, out: Float32Array): void {
  for (let at = 0; at < bytes.length; at++) out[at] = table[bytes[at]];
}

/** RGB bytes [rows, positions, 3] to normalized pixels in the same order, by `normalizationTable`. */
export function normalizePixels(bytes: Uint8Array, pixelCount: number, table: Float32Array, out: Float32Array): void {
  for (let at = 0; at < pixelCount * 3; at += 3) {
    out[at] = table[bytes[at]];
    out[at + 1] = table[256 + bytes[at + 1]];
    out[at + 2] = table[512 + bytes[at + 2]];
  }
}

interface FloatRows {
  readonly rowCount: number;
  readonly positions: number;
  readonly planar: boolean;
}

/** Normalizes [rows, positions, channels] by each channel's mean and std, each step rounded to float32. */
export function normalizeFloats(
  values: Float32Array,
  { rowCount, positions, planar }: FloatRows,
  mean: ArrayLike<number>,
  std: ArrayLike<number>,
  out: Float32Array,
): void {
  const channels = mean.length;
  for (let channel = 0; channel < channels; channel++) {
    const channelMean = Math.fround(mean[channel]);
    const channelStd = Math.fround(std[channel]);
    for (let row = 0; row < rowCount; row++) {
      let from = row * positions * channels + channel;
      let to = planar ? (row * channels + channel) * positions : from;
      for (let i = 0; i < positions; i++, from += channels, to += planar ? 1 : channels) {
        out[to] = Math.fround(values[from] - channelMean) / channelStd;
      }
    }
  }
}
