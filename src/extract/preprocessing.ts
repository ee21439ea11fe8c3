import type { Interpolation, Preprocessing } from '../features/manifest/manifest.ts';

/** What the user asked for; the rest follows from the weights. */
export interface AskedPreprocessing {
  /** The shorter side, or height and width, in pixels. */
  readonly resize?: number | readonly [height: number, width: number] | undefined;
  readonly crop?: number | undefined;
  readonly interpolation?: Interpolation | undefined;
  /** Per channel, RGB on [0, 1]. */
  readonly mean?: readonly [number, number, number] | undefined;
  readonly std?: readonly [number, number, number] | undefined;
  readonly autoOrient?: boolean | undefined;
  readonly sixteenBit?: 'clip' | 'scale' | undefined;
}

/** ImageNet channel means and deviations, RGB on [0, 1]; torchvision's recipe (transforms._presets.ImageClassification). */
const imagenetMean = [0.485, 0.456, 0.406] as const;
const imagenetStd = [0.229, 0.224, 0.225] as const;
/** The same recipe's resize, for weights that do not say theirs, and crop, in pixels. */
const defaultResize = 256;
const defaultCrop = 224;

/**
 * torchvision's recipe with what the user asked for.
 *
 * @param weightsResize the shorter side that the weights were trained for, where they say it
 */
export function choosePreprocessing(asked: AskedPreprocessing, weightsResize: number | undefined): Preprocessing {
  const resize = asked.resize ?? weightsResize ?? defaultResize;
  return {
    resize,
    crop: asked.crop ?? (typeof resize === 'number' ? defaultCrop : Math.min(...resize)),
    interpolation: asked.interpolation ?? 'bilinear',
    mean: asked.mean ?? imagenetMean,
    std: asked.std ?? imagenetStd,
    autoOrient: asked.autoOrient ?? false,
    // Clipping, Pillow's rule, is not written down: sets that were made before there was a choice have none.
    ...(asked.sixteenBit === 'scale' ? { sixteenBit: asked.sixteenBit } : {}),
  };
}
