import type { Sharp } from 'sharp';
import { openImage } from '../decode/decode.ts';
import { checkSize, DecodeError } from '../decode/decode-error.ts';
import { sniff } from '../decode/sniff.ts';
import { readTiffTags } from '../decode/tiff-header.ts';
import type { BandPixels } from '../resize/band-pixels.ts';

/**
 * Decodes a TIFF file of so many bands: unsigned integers of 8 or 16 bits, or float32, as they are in the file; beside
 * each other, in any compression that libvips reads. Bands have no colours: nothing is converted.
 *
 * @param onSize called with the pixels of an RGB image that takes as much memory
 * @throws DecodeError for an image of another number of channels, or of other samples
 */
export async function decodeBands(
  bytes: Uint8Array,
  channels: number,
  onSize?: (pixelCount: number) => void,
): Promise<BandPixels> {
  const takes = `and the network takes ${channels}`;
  const found = sniff(bytes);
  if (!('kind' in found) || found.kind !== 'tiff')
    throw new DecodeError(`not a TIFF file, which holds bands: 1 to 4 channels at most, ${takes}`);
  const tags = readTiffTags(bytes);
  const one = (name: Parameters<typeof tags.get>[0], fallback: number): number => tags.get(name)?.[0] ?? fallback;
  const bands = one('samplesPerPixel', 1);
  if (bands !== channels) throw new DecodeError(`${bands} ${bands === 1 ? 'channel' : 'channels'}, ${takes}`);
  const bits = tags.get('bitsPerSample') ?? [1];
  const isFloat = one('sampleFormat', 1) === 3;
  const form = bits.every((each) => each === bits[0])
    ? forms.find((one) => one.bits === bits[0] && one.isFloat === isFloat)
    : undefined;
  if (form === undefined || (one('sampleFormat', 1) !== 1 && !isFloat))
    throw new DecodeError(`TIFF of ${bits.join(', ')} bits: bands are read as unsigned 8 or 16 bits, or float32`);
  // libvips mixes up planes of 16 bits.
  if (one('planarConfiguration', 1) !== 1)
    throw new DecodeError('TIFF: planes are not read; save it with the bands of a pixel beside each other');
  const [width, height] = [one('width', 0), one('height', 0)];
  const scale = (channels * form.bits) / 24;
  checkSize(width, height, onSize && ((pixelCount) => onSize(Math.ceil(pixelCount * scale))));
  const isColour = one('photometric', 1) === 2;
  const image = openImage(bytes, true, channels);
  const { data, info } = await samplesOf(image, form, isColour, channels);
  const samples = new form.array(data.buffer as ArrayBuffer, data.byteOffset, (data.length * 8) / form.bits);
  const dropped = info.channels - channels;
  return {
    data: dropped === 0 ? samples : withoutCopies(samples, info.channels, dropped),
    width: info.width,
    height: info.height,
    channels,
    largest: form.largest,
  };
}

/** How the samples of a band are stored; `largest` is the sample that becomes 1. */
const forms = [
  { bits: 8, isFloat: false, depth: 'uchar', largest: 255, array: Uint8Array },
  { bits: 16, isFloat: false, depth: 'ushort', largest: 65_535, array: Uint16Array },
  { bits: 32, isFloat: true, depth: 'float', largest: 1, array: Float32Array },
] as const;

/**
 * libvips takes the first bands for grey or RGB: asking for the colour space that they are in prevents a conversion.
 */
async function samplesOf(
  image: Sharp,
  { depth, bits }: (typeof forms)[number],
  isColour: boolean,
  channels: number,
): Promise<{ data: Buffer; info: { width: number; height: number; channels: number } }> {
  const space = bits === 16 ? (isColour ? 'rgb16' : 'grey16') : undefined;
  const kept = space === undefined ? image : image.pipelineColourspace(space).toColourspace(space);
  const read = await kept.raw({ depth }).toBuffer({ resolveWithObject: true });
  // A grey band of 8 bits or in floating point comes as three alike.
  const expected = isColour || space !== undefined ? channels : channels + 2;
  if (read.info.channels !== expected)
    throw new DecodeError(`${read.info.channels} channels after decoding, where ${expected} were expected`);
  return read;
}

/** @param copies further copies of the first band, stored after it */
function withoutCopies<T extends BandPixels['data']>(samples: T, stride: number, copies: number): T {
  return samples.filter((_, at) => at % stride === 0 || at % stride > copies) as T;
}
