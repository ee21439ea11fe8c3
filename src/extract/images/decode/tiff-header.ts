import { DecodeError } from './decode-error.ts';

/** TIFF 6.0 tags that tell how pixels are stored. */
const tag = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  planarConfiguration: 284,
  extraSamples: 338,
  sampleFormat: 339,
} as const;

/** None, CCITT (three kinds), LZW, JPEG, Deflate (two numbers), PackBits. */
const compressions: readonly number[] = [1, 2, 3, 4, 5, 7, 8, 32946, 32773];
const jpegCompression = 7;

// biome-ignore format: as many on a line as fit
const photometricNames: readonly string[] = [
  'white is zero', 'grey', 'RGB', 'palette', 'mask', 'CMYK', 'YCbCr', '', 'Lab',
];

interface TiffSize {
  readonly width: number;
  readonly height: number;
  /** Grey with 16 bits. */
  readonly deepGrey: boolean;
}

/**
 * Refuses, by name, every kind of TIFF not verified to equal Pillow's pixels (listed in docs/pixels.md), and returns
 * the size of the first page.
 *
 * @throws DecodeError
 */
export function checkTiff(bytes: Uint8Array): TiffSize {
  const tags = readTiffTags(bytes);
  const one = (name: TagName, fallback: number): number => tags.get(name)?.[0] ?? fallback;
  const bits = tags.get('bitsPerSample') ?? [1];
  const depth = bits[0] ?? 1;
  const samples = one('samplesPerPixel', 1);
  const extra = tags.get('extraSamples') ?? [];
  const photometric = one('photometric', -1);
  const compression = one('compression', 1);
  const planar = one('planarConfiguration', 1) !== 1;
  const format = one('sampleFormat', 1);
  const named = `TIFF (${photometricNames[photometric] ?? `photometric ${photometric}`}, ${samples} x ${depth} bits)`;
  const refuse = (what: string): DecodeError => new DecodeError(`${named}: ${what}; save it as PNG with 8 bits`);

  if (bits.some((each) => each !== depth)) throw refuse('channels of different depth');
  if (format !== 1) throw refuse('samples are not unsigned integers');
  if (!compressions.includes(compression)) throw refuse(`compression ${compression} is not supported`);
  if (planar && compression !== 1) throw refuse('compressed planes are not supported');
  if (extra[0] === 1) throw refuse('colours are multiplied by alpha');
  const colours = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3 }[photometric];
  if (colours === undefined || samples !== colours + extra.length || extra.length > 1) {
    throw refuse('this arrangement of channels is not supported');
  }
  const greyWithAlpha = photometric === 1 && extra[0] === 2;
  const colourWithAlpha = photometric === 2 && extra.length === 1;
  if (extra.length === 1 && !greyWithAlpha && !colourWithAlpha)
    throw refuse('this kind of extra channel is not supported');
  if (photometric === 6 && compression !== jpegCompression) throw refuse('YCbCr is read inside JPEG only');
  const depths =
    photometric === 2 ? [8, 16] : photometric === 5 || photometric === 6 || samples > 1 ? [8] : [1, 2, 4, 8];
  const deepGrey = photometric === 1 && samples === 1 && depth === 16 && compression !== jpegCompression;
  if (!depths.includes(depth) && !deepGrey) throw refuse(`${depth} bits are not supported`);
  return { width: one('width', 0), height: one('height', 0), deepGrey };
}

type TagName = keyof typeof tag;

/** More bands than any sensor has: hyperspectral ones have a few hundred. */
const mostValues = 1024;

/** Values of the tags above in the first directory; only whole numbers of 1, 2 and 4 bytes matter. */
export function readTiffTags(bytes: Uint8Array): ReadonlyMap<TagName, readonly number[]> {
  const little = bytes[0] === 0x49;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = new Map(Object.entries(tag).map(([name, id]) => [id as number, name as TagName]));
  const tags = new Map<TagName, readonly number[]>();
  try {
    const start = view.getUint32(4, little);
    const count = view.getUint16(start, little);
    for (let i = 0; i < count; i++) {
      const entry = start + 2 + i * 12;
      const name = names.get(view.getUint16(entry, little));
      const width = { 1: 1, 3: 2, 4: 4 }[view.getUint16(entry + 2, little)];
      if (name === undefined || width === undefined) continue;
      // No tag above has more values than an image has channels.
      const length = Math.min(view.getUint32(entry + 4, little), mostValues);
      const from = length * width <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
      const values: number[] = [];
      for (let j = 0; j < length; j++) {
        const at = from + j * width;
        values.push(
          width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at, little) : view.getUint32(at, little),
        );
      }
      tags.set(name, values);
    }
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError('TIFF: the file ends in its directory');
    throw error;
  }
  return tags;
}
