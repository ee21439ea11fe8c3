import type { Interpolation, Preprocessing } from '../features/manifest/manifest.ts';
import type { TrainedWith } from './weights/hub/preprocessor-config.ts';

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
 * torchvision's recipe, with what the network was trained with, with what the user asked for.
 *
 * @param trainedWith what the weights, or the files beside them, say
 */
export function choosePreprocessing(asked: AskedPreprocessing, trainedWith: TrainedWith = {}): Preprocessing {
  const resize = asked.resize ?? trainedWith.resize ?? defaultResize;
  const { centerCrop, resizeIn } = trainedWith;
  return {
    resize,
    crop: asked.crop ?? trainedWith.crop ?? (typeof resize === 'number' ? defaultCrop : Math.min(...resize)),
    ...(centerCrop === undefined ? {} : { centerCrop }),
    interpolation: asked.interpolation ?? trainedWith.interpolation ?? 'bilinear',
    ...(resizeIn === undefined ? {} : { resizeIn }),
    mean: asked.mean ?? trainedWith.mean ?? imagenetMean,
    std: asked.std ?? trainedWith.std ?? imagenetStd,
    autoOrient: asked.autoOrient ?? false,
    // Clipping, Pillow's rule, is not written down: sets that were made before there was a choice have none.
    ...(asked.sixteenBit === 'scale' ? { sixteenBit: asked.sixteenBit } : {}),
  };
}
