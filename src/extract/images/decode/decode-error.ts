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

/**
 * Checks the size that a header claims, before anything is allocated for it.
 *
 * @param onSize called with how many pixels there are, once they are within the limit
 */
export function checkSize(width: number, height: number, onSize?: (pixelCount: number) => void): void {
  if (width < 1 || height < 1) throw new DecodeError(`the header claims ${width} x ${height} pixels`);
  if (width * height > largestPixelCount) {
    throw new DecodeError(
      `the header claims ${width} x ${height} pixels, above the limit of ${largestPixelCount} (a decompression bomb?)`,
    );
  }
  onSize?.(width * height);
}
