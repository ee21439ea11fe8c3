import { readFile } from 'node:fs/promises';
import { decodeImage } from '../../../src/extract/images/decode/decode.ts';
import type { ImageFile } from '../../../src/extract/images/list/image-file.ts';
import { openResampler } from '../../../src/extract/images/resize/resampler.ts';
import type { SourcePixels } from '../../../src/extract/images/resize/resize.kernel.ts';
import { resizeAndCrop } from '../../../src/extract/images/resize/transform.ts';

interface ResizeCost {
  readonly images: number;
  /** Mean milliseconds per image in one thread: of the decode, then of resize and crop by each filter. */
  readonly decode: number;
  readonly bilinear: number;
  readonly bicubic: number;
  /** bicubic / bilinear: the median over the images. */
  readonly ratio: number;
  /** For decode and resize together: bicubic / bilinear, of the means. */
  readonly pixelRatio: number;
}

const filters = ['bilinear', 'bicubic'] as const;
/** Resizes of one image by each filter; the fastest of each counts. */
const turns = 5;

/**
 * Compares resize and crop by bicubic with bilinear, alternating per image in one thread, so that load affects both
 * alike.
 */
export async function resizeCost(images: readonly ImageFile[], resize: number, crop: number): Promise<ResizeCost> {
  const resampler = openResampler();
  const total = { decode: 0, bilinear: 0, bicubic: 0 };
  const ratios: number[] = [];
  const best = (source: SourcePixels): Record<(typeof filters)[number], number> => {
    const found = { bilinear: Number.POSITIVE_INFINITY, bicubic: Number.POSITIVE_INFINITY };
    for (let turn = 0; turn < turns; turn++) {
      for (const interpolation of filters) {
        const started = performance.now();
        resizeAndCrop(resampler, source, { resize, crop, interpolation });
        found[interpolation] = Math.min(found[interpolation], performance.now() - started);
      }
    }
    return found;
  };
  for (const [i, { path }] of images.entries()) {
    const bytes = await readFile(path);
    const started = performance.now();
    const source = await decodeImage(bytes, { autoOrient: false });
    total.decode += performance.now() - started;
    // The first run compiles the code.
    if (i === 0) best(source);
    const { bilinear, bicubic } = best(source);
    total.bilinear += bilinear;
    total.bicubic += bicubic;
    ratios.push(bicubic / bilinear);
  }
  const ratio = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN;
  return {
    images: images.length,
    decode: total.decode / images.length,
    bilinear: total.bilinear / images.length,
    bicubic: total.bicubic / images.length,
    ratio,
    pixelRatio: (total.decode + total.bicubic) / (total.decode + total.bilinear),
  };
}
