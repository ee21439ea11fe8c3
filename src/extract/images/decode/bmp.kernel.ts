/** One row of palette indices of 1, 4 or 8 bits, the highest first, as RGB from byte `to` on. */
export function paintRow(
  row: Uint8Array,
  bits: number,
  palette: Uint8Array,
  data: Uint8Array,
  to: number,
  width: number,
): void {
  const mask = (1 << bits) - 1;
  for (let x = 0; x < width; x++) {
    const bit = x * bits;
    const entry = ((row[bit >> 3] >> (8 - bits - (bit & 7))) & mask) * 3;
    data[to++] = palette[entry];
    data[to++] = palette[entry + 1];
    data[to++] = palette[entry + 2];
  }
}

/** One row of 16-bit pixels: 5 bits of red, 5 or 6 of green, 5 of blue, each scaled to 255 in integers as Pillow does. */
export function widenRow(row: Uint8Array, green6: boolean, data: Uint8Array, to: number, width: number): void {
  const greens = green6 ? 63 : 31;
  const redShift = green6 ? 11 : 10;
  for (let x = 0; x < width; x++) {
    const pixel = row[x * 2] | (row[x * 2 + 1] << 8);
    data[to++] = ((((pixel >> redShift) & 31) * 255) / 31) | 0;
    data[to++] = ((((pixel >> 5) & greens) * 255) / greens) | 0;
    data[to++] = (((pixel & 31) * 255) / 31) | 0;
  }
}

/** One row of 24- or 32-bit pixels whose red, green and blue are at these places. */
export function reorderRow(
  row: Uint8Array,
  pixelBytes: number,
  [red, green, blue]: readonly [number, number, number],
  data: Uint8Array,
  to: number,
  width: number,
): void {
  for (let x = 0, from = 0; x < width; x++, from += pixelBytes) {
    data[to++] = row[from + red];
    data[to++] = row[from + green];
    data[to++] = row[from + blue];
  }
}

/**
 * Run lengths (RLE8, RLE4): a count and a value, or 0 and what else there is: end of line, end of bitmap, a jump, or
 * that many values as they are, up to an even byte of the file.
 *
 * @param out filled with one index a pixel, in the order of the file; the rest of a line that ends early stays 0
 * @returns the number of pixels that the runs cover: fewer than `out.length` if they end early; -1 at a jump or an odd
 *   number of 4-bit values as they are, where Pillow goes on at the wrong byte
 */
export function unrollRuns(bytes: Uint8Array, from: number, bits: number, width: number, out: Uint8Array): number {
  let at = from;
  let written = 0;
  let x = 0;
  while (written < out.length) {
    if (at + 2 > bytes.length) return written;
    const count = bytes[at++];
    const value = bytes[at++];
    if (count > 0) {
      // A run ends with its row.
      const taken = Math.min(count, width - x, out.length - written);
      for (let i = 0; i < taken; i++) out[written++] = bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15;
      x += taken;
    } else if (value === 0) {
      if (written % width !== 0) written += width - (written % width);
      x = 0;
    } else if (value === 1) {
      return written;
    } else if (value === 2 || (bits === 4 && value % 2 === 1)) {
      return -1;
    } else {
      const stored = bits === 8 ? value : value >> 1;
      if (at + stored > bytes.length) return written;
      for (let i = 0; i < value && written < out.length; i++) {
        out[written++] =
          bits === 8 ? bytes[at + i] : i % 2 === 0 ? bytes[at + (i >> 1)] >> 4 : bytes[at + (i >> 1)] & 15;
      }
      at += stored;
      at += at & 1;
      x += value;
      if (x > width) x = written % width;
    }
  }
  return written;
}
