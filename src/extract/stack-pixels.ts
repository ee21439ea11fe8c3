import { valueAt } from '../system/at.ts';
import type { PixelBatch } from './backbone/backbone.ts';

/** Images as one batch, copied. @param images each [crop, crop, 3], all in the same form */
export function stackPixels(crop: number, images: readonly Uint8Array[]): PixelBatch {
  const imageBytes = images[0]?.length ?? 0;
  const bytesNHWC = new Uint8Array(images.length * imageBytes);
  images.forEach((pixels, i) => {
    bytesNHWC.set(pixels, i * imageBytes);
  });
  return { rowCount: images.length, crop, bytesNHWC };
}

/** One batch for each of several networks. @param images of each image its pixels for every network, in their order */
export function stackBeside(crops: readonly number[], images: readonly (readonly Uint8Array[])[]): PixelBatch[] {
  return crops.map((crop, network) =>
    stackPixels(
      crop,
      images.map((pixels) => valueAt(pixels, network)),
    ),
  );
}
