import type { PixelBatch } from './backbone/backbone.ts';
import type { PixelRecipe, PixelResult } from './images/pipeline/pixel-result.ts';
import { bytesPerImage } from './images/samples.ts';

interface ImageBatch {
  /** Valid until the next batch is requested, which reuses the memory. */
  readonly pixels: PixelBatch;
  /** sha256 of each image's file. The rows of an image are adjacent: the plain one, then its views. */
  readonly images: readonly string[];
}

/**
 * Gathers decoded images, each with its views, into batches. Identical files are taken once.
 *
 * @param room returns the capacity of the next batch in images
 * @param isKnown whether an image has a row already
 */
export async function* pixelBatches(
  results: AsyncIterable<PixelResult>,
  recipe: PixelRecipe,
  room: () => number,
  isKnown: (sha256: string) => boolean,
): AsyncGenerator<ImageBatch> {
  const { crop } = recipe;
  const cropBytes = bytesPerImage(recipe);
  const imageBytes = cropBytes * (1 + (recipe.views?.count ?? 0));
  const toBatch = (): ImageBatch => {
    const bytesNHWC = bytes.subarray(0, images.length * imageBytes);
    return { pixels: { rowCount: bytesNHWC.length / cropBytes, crop, bytesNHWC }, images };
  };
  let bytes = new Uint8Array(0);
  let images: string[] = [];
  let wanted = 0;
  for await (const result of results) {
    if (result.outcome !== 'pixels') continue;
    if (isKnown(result.sha256) || images.includes(result.sha256)) continue;
    if (images.length === 0) {
      wanted = room();
      if (bytes.length < wanted * imageBytes) bytes = new Uint8Array(wanted * imageBytes);
    }
    for (const [view, pixels] of [result.pixels, ...result.views].entries()) {
      bytes.set(pixels, images.length * imageBytes + view * cropBytes);
    }
    images.push(result.sha256);
    if (images.length < wanted) continue;
    yield toBatch();
    images = [];
  }
  if (images.length > 0) yield toBatch();
}
