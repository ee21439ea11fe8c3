import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { cmykToRGB } from './cmyk.kernel.ts';
import type { SourcePixels } from './resize.kernel.ts';

/**
 * Largest image that is decoded, in pixels: where Pillow starts to warn of a decompression bomb
 * (`Image.MAX_IMAGE_PIXELS`, a quarter of a gigabyte of RGB).
 */
export const largestPixelCount: number = Math.floor(1024 ** 3 / 4 / 3);

/** A file that gives no pixels: `message` is the reason, without the file's name. */
export class DecodeError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'DecodeError';
  }
}

/** sharp keeps recently used images and files open; every file is read once, so that is memory for nothing. */
sharp.cache(false);
/** Images are decoded side by side, one thread each. */
sharp.concurrency(1);

/**
 * Decodes a file's bytes to the pixels of Pillow's `Image.open(f).convert('RGB')`: alpha is dropped and not blended,
 * colour profiles are ignored, the first frame of an animation is taken.
 *
 * @throws DecodeError for anything but a whole image of a known kind
 */
export async function decodeImage(bytes: Uint8Array, autoOrient: boolean): Promise<SourcePixels> {
  if (bytes.length === 0) throw new DecodeError('the file is empty');
  const options: SharpOptions = {
    failOn: 'warning',
    ignoreIcc: true,
    limitInputPixels: largestPixelCount,
    sequentialRead: true,
    autoOrient,
  };
  try {
    const metadata = await sharp(bytes, options).metadata();
    const pixelCount = metadata.width * metadata.height;
    if (pixelCount > largestPixelCount) {
      throw new DecodeError(
        `${metadata.width} x ${metadata.height} pixels, above the limit of ${largestPixelCount} (a decompression bomb?)`,
      );
    }
    return metadata.space === 'cmyk' ? await decodeCMYK(sharp(bytes, options)) : await decodeRGB(sharp(bytes, options));
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(describeFailure(error));
  }
}

async function decodeRGB(image: Sharp): Promise<SourcePixels> {
  const { data, info } = await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3 && channels !== 4) throw new DecodeError(`${channels} channels after decoding`);
  return { data, width, height, channels };
}

async function decodeCMYK(image: Sharp): Promise<SourcePixels> {
  const cmyk = image.pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await cmyk.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 4) throw new DecodeError(`${info.channels} channels after decoding CMYK`);
  return { data: cmykToRGB(data), width: info.width, height: info.height, channels: 3 };
}

/** libvips prefixes its messages with the loader's name and repeats them line by line. */
function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = message.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '') ?? 'the decoder gave no reason';
}
