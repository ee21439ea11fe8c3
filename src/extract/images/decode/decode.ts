import { createRequire } from 'node:module';
import type { Sharp, default as SharpModule, SharpOptions } from 'sharp';
import { messageOf } from '../../../system/errors.ts';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { cmykToRGB } from './cmyk.kernel.ts';
import { decodeBmp } from './decode-bmp.ts';
import { checkSize, DecodeError, largestPixelCount } from './decode-error.ts';
import { decodeGif } from './decode-gif.ts';
import { decodeHeic } from './decode-heic.ts';
import { decodeJp2 } from './decode-jp2.ts';
import { decodePnm } from './decode-pnm.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { readBoxes } from './media-boxes.ts';
import { greyPixels, type SixteenBit } from './sixteen-bit.ts';
import { type ImageKind, sniff, wayOut } from './sniff.ts';
import { checkTiff } from './tiff-header.ts';

let sharp: typeof SharpModule | undefined;

/** sharp, loaded at the first image: a thread that only waits for decoding workers needs none of its libraries. */
function openSharp(bytes: Uint8Array, options: SharpOptions): Sharp {
  if (sharp === undefined) {
    const loaded: typeof SharpModule = createRequire(import.meta.url)('sharp');
    // Its cache of recent images and files only wastes memory, because every file is read once.
    loaded.cache(false);
    // Images are decoded side by side, one thread each.
    loaded.concurrency(1);
    sharp = loaded;
  }
  return sharp(bytes, options);
}

interface DecodeOptions {
  /** Whether decoders apply the orientation that the file names. */
  readonly autoOrient: boolean;
  /** How 16-bit grey samples become 8-bit; default `clip`, Pillow's rule. */
  readonly sixteenBit?: SixteenBit;
  /** Called with what the header claims, checked, before anything is allocated for it. */
  readonly onSize?: (pixelCount: number) => void;
}

/**
 * Decodes a file's bytes to the pixels of Pillow's `Image.open(f).convert('RGB')`: alpha is dropped and not blended,
 * colour profiles are ignored, the first frame of an animation is taken. docs/pixels.md lists kinds and differences.
 *
 * @throws DecodeError for anything but a whole image of a known kind
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<SourcePixels> {
  if (bytes.length === 0) throw new DecodeError('the file is empty');
  const found = sniff(bytes);
  if ('refused' in found) {
    const command = wayOut(found.refused);
    const way = command === undefined ? '' : `; ${command} makes one`;
    throw new DecodeError(`not a known image format${found.refused === 'unknown' ? '' : ` (${found.refused}${way})`}`);
  }
  try {
    return await decoders[found.kind](bytes, options);
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(describeFailure(found.kind, error));
  }
}

const decoders: Readonly<Record<ImageKind, (bytes: Uint8Array, options: DecodeOptions) => Promise<SourcePixels>>> = {
  jpeg: async (bytes, { autoOrient, onSize }) => {
    const { width, height, components, picture } = readJpegHeader(bytes, autoOrient);
    checkSize(width, height, onSize);
    return components === 4 ? readCMYK(openImage(picture, autoOrient)) : readRGB(openImage(picture, autoOrient));
  },
  png: async (bytes, { autoOrient, sixteenBit, onSize }) => {
    const { deepGrey } = readPngHeader(bytes, onSize);
    const image = openImage(bytes, autoOrient);
    return deepGrey ? readDeepGrey(image, sixteenBit) : readRGB(image);
  },
  bmp: async (bytes, { onSize }) => decodeBmp(bytes, onSize),
  pnm: async (bytes, { sixteenBit = 'clip', onSize }) => decodePnm(bytes, sixteenBit, onSize),
  webp: readChecked,
  jp2: async (bytes, { sixteenBit = 'clip', onSize }) => decodeJp2(bytes, sixteenBit, onSize),
  heic: async (bytes, { onSize }) => decodeHeic(bytes, onSize),
  avif: async (bytes, options) => {
    // An item reference of this type ties the picture to the alpha that it is multiplied by (MIAF, 7.3.5.2).
    const meta = metaBox(bytes);
    checkExtents(meta);
    if (meta.includes('prem')) throw new DecodeError('AVIF: colours are multiplied by alpha; save it as PNG');
    return readChecked(asStillImage(bytes), options);
  },
  gif: async (bytes, { onSize }) => decodeGif(bytes, onSize),
  tiff: async (bytes, { sixteenBit, onSize }) => {
    const { width, height, deepGrey } = checkTiff(bytes);
    checkSize(width, height, onSize);
    // Pillow applies a TIFF's orientation whenever it loads one.
    const image = openImage(bytes, true);
    if (deepGrey) return readDeepGrey(image, sixteenBit);
    const { space } = await image.metadata();
    return space === 'cmyk' ? readCMYK(image) : readRGB(image);
  },
};

async function readChecked(bytes: Uint8Array, { autoOrient, onSize }: DecodeOptions): Promise<SourcePixels> {
  const image = openImage(bytes, autoOrient);
  const { width, height } = await image.metadata();
  checkSize(width, height, onSize);
  return readRGB(image);
}

/** An image in libvips, read strictly and without its colour profile. @param channels the most of them; default: 5 */
export function openImage(bytes: Uint8Array, autoOrient: boolean, channels?: number): Sharp {
  const options: SharpOptions = {
    // Any decoder warning means that some pixels are wrong.
    failOn: 'warning',
    ignoreIcc: true,
    limitInputPixels: largestPixelCount,
    sequentialRead: true,
    autoOrient,
    ...(channels === undefined ? {} : { limitInputChannels: channels }),
  };
  return openSharp(bytes, options);
}

/** IHDR: width, height, bits, colour type at bytes 16, 20, 24 and 25. */
function readPngHeader(bytes: Uint8Array, onSize: DecodeOptions['onSize']): { readonly deepGrey: boolean } {
  if (bytes.length < 33) throw new DecodeError('PNG: the file ends in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkSize(view.getUint32(16), view.getUint32(20), onSize);
  return { deepGrey: bytes[24] === 16 && bytes[25] === 0 };
}

/** A sequence's file describes its first frame as a still image too; libvips looks at the main brand alone. */
function asStillImage(bytes: Uint8Array): Uint8Array {
  if (bytes[11] !== 's'.charCodeAt(0)) return bytes;
  // Only the first frame is read, but a file that lacks the others is truncated too.
  readBoxes(bytes, 'AVIF');
  const copy = Uint8Array.from(bytes);
  copy[11] = 'f'.charCodeAt(0);
  return copy;
}

/** Every size that the boxes name (`ispe`, ISO/IEC 23008-12): libvips complains on stderr of those past 2^31. */
function checkExtents(meta: string): void {
  for (let at = meta.indexOf('ispe'); at >= 0; at = meta.indexOf('ispe', at + 1)) {
    const extents = Buffer.from(meta.slice(at + 8, at + 16), 'latin1');
    if (extents.length === 8) checkSize(extents.readUInt32BE(0), extents.readUInt32BE(4));
  }
}

/** The box that describes an AVIF's items, as Latin-1 text; empty if there is none. */
function metaBox(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at);
    const end = size < 8 ? bytes.length : Math.min(at + size, bytes.length);
    const box = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at);
    if (box.toString('latin1', 4, 8) === 'meta') return box.toString('latin1', 8);
    at = end;
  }
  return '';
}

async function readRGB(image: Sharp): Promise<SourcePixels> {
  const { data, info } = await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3 && channels !== 4) throw new DecodeError(`${channels} channels after decoding`);
  return { data, width, height, channels };
}

/** Grey with 16 bits. A transparent colour adds a second channel, which is dropped. */
async function readDeepGrey(image: Sharp, rule: SixteenBit = 'clip'): Promise<SourcePixels> {
  const grey = image.toColourspace('grey16').raw({ depth: 'ushort' });
  const { data, info } = await grey.toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const all = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  const samples = channels === 1 ? all : all.filter((_, i) => i % channels === 0);
  if (samples.length !== width * height) throw new DecodeError(`${channels} channels of grey after decoding`);
  return greyPixels(samples, width, height, rule);
}

async function readCMYK(image: Sharp): Promise<SourcePixels> {
  const cmyk = image.pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await cmyk.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 4) throw new DecodeError(`${info.channels} channels after decoding CMYK`);
  return { data: cmykToRGB(data), width: info.width, height: info.height, channels: 3 };
}

/** libvips' messages are lines of `loader: what`, behind sharp's own prefix; the first one is the cause. */
function describeFailure(kind: ImageKind, error: unknown): string {
  const name = kind === 'jp2' ? 'JPEG 2000' : kind.toUpperCase();
  const message = messageOf(error);
  if (message.includes('unsupported image format')) return `${name} of a kind that is not read`;
  const lines = message
    .replace('Input buffer has corrupt header:', '')
    .replaceAll('Warning treated as error due to failOn setting', 'the decoder warns of damage')
    .split('\n')
    .map((line) => line.trim().replace(/^(\w+: )+/, ''));
  return `broken ${name}: ${lines.find((line) => line !== '') ?? 'damaged in its header'}`;
}
