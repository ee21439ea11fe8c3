import { valueAt } from '../system/at.ts';
import type { PixelBatch } from './backbone/backbone.ts';

/** Copies images into one batch. @param images each [crop, crop, 3], all in the same format */
export function stackPixels(crop: number, images: readonly Uint8Array[]): PixelBatch {
  const imageBytes = images[0]?.length ?? 0;
  const bytesNHWC = new Uint8Array(images.length * imageBytes);
  images.forEach((pixels, i) => {
    bytesNHWC.set(pixels, i * imageBytes);
  });
  return { rowCount: images.length, crop, bytesNHWC };
}

/** One batch per network. @param images pixels of each image for every network, in order */
export function stackBeside(crops: readonly number[], images: readonly (readonly Uint8Array[])[]): PixelBatch[] {
  return crops.map((crop, network) =>
    stackPixels(
      crop,
      images.map((pixels) => valueAt(pixels, network)),
    ),
  );
}
