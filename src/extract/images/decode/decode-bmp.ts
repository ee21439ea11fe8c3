import { valueAt } from '../../../system/at.ts';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { paintRow, reorderRow, unrollRuns, widenRow } from './bmp.kernel.ts';
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

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32;
  /** Rows are stored from the top; most bitmaps store the bottom row first. */
  readonly topDown: boolean;
  /** Run lengths instead of plain rows, of 4 or 8 bits. */
  readonly runs: boolean;
  readonly pixelsAt: number;
  /** 1 to 8 bits: 256 colours, RGB. */
  readonly palette?: Uint8Array;
  /** 16 bits: whether green has 6 of them. */
  readonly green6?: boolean;
  /** 24 and 32 bits: place of red, green and blue within a pixel's bytes. */
  readonly order?: readonly [number, number, number];
}

const fileHeaderBytes = 14;
const raw = 0;
const runs8 = 1;
const runs4 = 2;
const bitFields = 3;

/** Masks of red, green and blue that Pillow opens, with 32 bits, and where those bytes lie. */
const orders32: readonly (readonly [masks: string, order: readonly [number, number, number]])[] = [
  ['ff0000,ff00,ff', [2, 1, 0]],
  ['ff000000,ff0000,ff00', [3, 2, 1]],
  ['ff,ff00,ff0000', [0, 1, 2]],
  ['0,0,0', [2, 1, 0]],
];

/**
 * Reads the two headers and the palette (Microsoft's BITMAPINFOHEADER and its successors, OS/2's).
 *
 * @throws DecodeError for kinds that Pillow does not open
 */
function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (end: number): void => {
    if (end > bytes.length) throw new DecodeError('BMP: the file ends in its header');
  };
  need(fileHeaderBytes + 12);
  const headerBytes = view.getUint32(fileHeaderBytes, true);
  const old = headerBytes === 12;
  if (!old && ![40, 52, 56, 64, 108, 124].includes(headerBytes)) {
    throw new DecodeError(`BMP with a header of ${headerBytes} bytes: save it as PNG`);
  }
  need(fileHeaderBytes + headerBytes);
  const width = old ? view.getUint16(18, true) : view.getUint32(18, true);
  const signedHeight = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? raw : view.getUint32(30, true);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new DecodeError(`BMP with ${bits} bits per pixel: save it as PNG`);
  const runs = compression === runs8 || compression === runs4;
  if (
    (!runs && compression !== raw && compression !== bitFields) ||
    (runs && bits !== (compression === runs8 ? 8 : 4))
  ) {
    throw new DecodeError(`BMP of ${bits} bits with compression ${compression}: save it as PNG`);
  }
  const afterHeader = fileHeaderBytes + headerBytes;
  const common = {
    width,
    height: Math.abs(signedHeight),
    bits: bits as BmpHeader['bits'],
    topDown: signedHeight < 0,
    runs,
    pixelsAt: Math.max(view.getUint32(10, true), afterHeader),
  };
  if (bits <= 8) {
    if (compression === bitFields) throw new DecodeError('BMP with bit fields and a palette: save it as PNG');
    const stated = old ? 0 : view.getUint32(46, true);
    const colours = stated === 0 ? 1 << bits : stated;
    const entryBytes = old ? 3 : 4;
    if (colours > 256) throw new DecodeError(`BMP with a palette of ${colours} colours: save it as PNG`);
    need(afterHeader + colours * entryBytes);
    return { ...common, palette: readPalette(bytes, afterHeader, colours, entryBytes) };
  }
  if (compression !== bitFields) return bits === 16 ? { ...common, green6: false } : { ...common, order: [2, 1, 0] };
  // Headers of 40 bytes are followed by the masks.
  need(fileHeaderBytes + 52);
  const masks = [54, 58, 62].map((at) => view.getUint32(at, true).toString(16)).join();
  if (bits === 16 && (masks === 'f800,7e0,1f' || masks === '7c00,3e0,1f')) {
    return { ...common, green6: masks === 'f800,7e0,1f' };
  }
  const known = bits === 24 ? orders32.slice(0, 1) : bits === 32 ? orders32 : [];
  const order = known.find(([each]) => each === masks)?.[1];
  if (order === undefined) throw new DecodeError(`BMP with bit fields ${masks}: save it as PNG`);
  return { ...common, order };
}

/** Colours are stored blue first; those that the file does not give are greys, as in Pillow. */
function readPalette(bytes: Uint8Array, from: number, colours: number, entryBytes: number): Uint8Array {
  const palette = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  for (let i = 0; i < colours; i++) {
    for (let channel = 0; channel < 3; channel++) {
      palette[i * 3 + channel] = valueAt(bytes, from + i * entryBytes + 2 - channel);
    }
  }
  return palette;
}
