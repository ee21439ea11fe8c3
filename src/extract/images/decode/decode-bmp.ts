import type { SourcePixels } from '../resize/resize.kernel.ts';
import { paintRow, reorderRow, unrollRuns, widenRow } from './bmp.kernel.ts';
import { type BmpHeader, readBmpHeader } from './bmp-header.ts';
import { checkSize, DecodeError } from './decode-error.ts';

/**
 * A Windows or OS/2 bitmap as Pillow 9.4 gives it (BmpImagePlugin, then `convert('RGB')`): 1, 4 and 8 bits with a
 * palette, plain or in runs, 16, 24 and 32 bits, from either end; alpha is dropped.
 *
 * @throws DecodeError if the bitmap is truncated, or of a kind that Pillow does not open
 */
export function decodeBmp(bytes: Uint8Array, onSize?: (pixelCount: number) => void): SourcePixels {
  const header = readBmpHeader(bytes);
  const { width, height, bits, topDown, palette, green6, order } = header;
  checkSize(width, height, onSize);
  const rowOf = header.runs ? unrolledRows(bytes, header) : plainRows(bytes, header);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = rowOf(y);
    const to = (topDown ? y : height - 1 - y) * width * 3;
    if (palette !== undefined) paintRow(row, header.runs ? 8 : bits, palette, data, to, width);
    else if (order !== undefined) reorderRow(row, bits / 8, order, data, to, width);
    else widenRow(row, green6 === true, data, to, width);
  }
  return { data, width, height, channels: 3 };
}

/** Rows are padded to multiples of 4 bytes; the last row may lack its padding. */
function plainRows(bytes: Uint8Array, { width, height, bits, pixelsAt }: BmpHeader): (y: number) => Uint8Array {
  const stride = Math.ceil((width * bits) / 32) * 4;
  const rowBytes = Math.ceil((width * bits) / 8);
  if (pixelsAt + (height - 1) * stride + rowBytes > bytes.length) {
    const whole = Math.max(0, Math.floor((bytes.length - pixelsAt) / stride));
    throw new DecodeError(`BMP: the file ends after ${whole} of ${height} rows`);
  }
  return (y) => bytes.subarray(pixelsAt + y * stride, pixelsAt + y * stride + rowBytes);
}

function unrolledRows(bytes: Uint8Array, { width, height, bits, pixelsAt }: BmpHeader): (y: number) => Uint8Array {
  // Two bytes give 255 pixels at most, and the end of a line the rest of one: a header alone asks for no memory.
  if (width * height > (bytes.length - pixelsAt) * Math.max(128, width)) {
    throw new DecodeError(`BMP: ${bytes.length} bytes for ${width} x ${height} pixels`);
  }
  const indices = new Uint8Array(width * height);
  const written = unrollRuns(bytes, pixelsAt, bits, width, indices);
  if (written < 0)
    throw new DecodeError('BMP with jumps or odd groups in its runs, which Pillow misreads: save it as PNG');
  if (written < indices.length) throw new DecodeError(`BMP: runs end after ${written} of ${indices.length} pixels`);
  return (y) => indices.subarray(y * width, (y + 1) * width);
}
