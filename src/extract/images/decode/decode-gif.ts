import { valueAt } from '../../../system/at.ts';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { paintRow } from './bmp.kernel.ts';
import { checkSize, DecodeError } from './decode-error.ts';
import { decodeLzw } from './lzw.kernel.ts';

/**
 * The first frame of a GIF as Pillow 9.4 gives it (GifImagePlugin, then `convert('RGB')`): a transparent pixel keeps
 * the colour of its palette entry, and what the frame leaves of the screen is the transparent entry, else entry 0.
 * libvips paints such pixels black or white, hence our own decoder.
 *
 * @throws DecodeError if the first frame is truncated
 */
export function decodeGif(bytes: Uint8Array, onSize?: (pixelCount: number) => void): SourcePixels {
  const reader = new ByteReader(bytes);
  reader.skip(6);
  let width = reader.uint16();
  let height = reader.uint16();
  const flags = reader.uint8();
  reader.skip(2);
  const globalPalette = flags & 0x80 ? reader.take(3 << ((flags & 7) + 1)) : undefined;
  const transparent = skipToFrame(reader);
  const left = reader.uint16();
  const top = reader.uint16();
  const frameWidth = reader.uint16();
  const frameHeight = reader.uint16();
  const frameFlags = reader.uint8();
  const localPalette = frameFlags & 0x80 ? reader.take(3 << ((frameFlags & 7) + 1)) : undefined;
  // A frame that reaches beyond the screen enlarges it.
  width = Math.max(width, left + frameWidth);
  height = Math.max(height, top + frameHeight);
  checkSize(frameWidth, frameHeight);
  checkSize(width, height, onSize);
  const minimumBits = reader.uint8();
  if (minimumBits < 1 || minimumBits > 11) throw new DecodeError(`GIF: code size ${minimumBits}`);
  const indices = new Uint8Array(frameWidth * frameHeight);
  const decoded = decodeLzw(reader.subBlocks(), minimumBits, indices);
  if (decoded < indices.length) {
    throw new DecodeError(`GIF: image data ends after ${decoded} of ${indices.length} pixels`);
  }

  const colours = fullPalette(localPalette ?? globalPalette);
  const data = new Uint8Array(width * height * 3);
  if (frameWidth < width || frameHeight < height)
    paintRow(new Uint8Array(width * height).fill(transparent ?? 0), 8, colours, data, 0, width * height);
  const rows = frameFlags & 0x40 ? interlacedRows(frameHeight) : undefined;
  for (let y = 0, from = 0; y < frameHeight; y++, from += frameWidth) {
    const to = ((top + (rows?.[y] ?? y)) * width + left) * 3;
    paintRow(indices.subarray(from, from + frameWidth), 8, colours, data, to, frameWidth);
  }
  return { data, width, height, channels: 3 };
}

/** Reads blocks up to the first image; the transparent index, if a graphic control extension gave one. */
function skipToFrame(reader: ByteReader): number | undefined {
  let transparent: number | undefined;
  for (;;) {
    const kind = reader.uint8();
    if (kind === 0x2c) return transparent;
    if (kind === 0x3b) throw new DecodeError('GIF: no image in it');
    if (kind !== 0x21) continue;
    const label = reader.uint8();
    const block = reader.subBlocks();
    // flags, delay (2 bytes), transparent index
    if (label === 0xf9 && block.length >= 4 && valueAt(block, 0) & 1) transparent = block[3];
  }
}

/** 256 colours; entries that the file does not give, and a file without palette, are greys, as in Pillow. */
function fullPalette(given: Uint8Array | undefined): Uint8Array {
  const colours = new Uint8Array(768);
  for (let i = 0; i < colours.length; i++) colours[i] = Math.floor(i / 3);
  if (given !== undefined) colours.set(given);
  return colours;
}

/** Interlaced rows come in four passes: every 8th from 0, every 8th from 4, every 4th from 2, every 2nd from 1. */
function interlacedRows(height: number): Int32Array {
  const rows = new Int32Array(height);
  let i = 0;
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let y = start; y < height; y += step) rows[i++] = y;
  }
  return rows;
}

/** Little-endian reader that refuses to run past the end. */
class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new DecodeError('GIF: the file ends early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  skip(count: number): void {
    this.take(count);
  }

  uint8(): number {
    return valueAt(this.take(1), 0);
  }

  uint16(): number {
    return this.uint8() | (this.uint8() << 8);
  }

  /** Joins sub-blocks up to the empty one that ends them. */
  subBlocks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let size = this.uint8(); size > 0; size = this.uint8()) parts.push(this.take(size));
    return Buffer.concat(parts);
  }
}
