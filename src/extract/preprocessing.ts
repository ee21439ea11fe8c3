import type { Interpolation, Preprocessing } from '../features/manifest/manifest.ts';
import { usageError } from '../system/errors.ts';
import type { TrainedWith } from './weights/hub/preprocessor-config.ts';

/** Options of the user; the rest follows from the weights. */
export interface AskedPreprocessing {
  /** The shorter side, or height and width, in pixels. */
  readonly resize?: number | readonly [height: number, width: number] | undefined;
  readonly crop?: number | undefined;
  readonly interpolation?: Interpolation | undefined;
  /** Per channel, on [0, 1]. */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
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
 * torchvision's preprocessing, overridden by the network's, overridden by the user's.
 *
 * @param trainedWith preprocessing from the weights or the files beside them
 * @throws UserError if the number of means or deviations does not match the channels; only RGB has defaults
 */
export function choosePreprocessing(asked: AskedPreprocessing, trainedWith: TrainedWith = {}): Preprocessing {
  const resize = asked.resize ?? trainedWith.resize ?? defaultResize;
  const { centerCrop, channels = 3 } = trainedWith;
  // Pillow has no mode for other numbers of bands: they are tensors.
  const resizeIn = channels === 1 || channels === 3 ? trainedWith.resizeIn : 'float32';
  return {
    resize,
    crop: asked.crop ?? trainedWith.crop ?? (typeof resize === 'number' ? defaultCrop : Math.min(...resize)),
    ...(centerCrop === undefined ? {} : { centerCrop }),
    interpolation: asked.interpolation ?? trainedWith.interpolation ?? 'bilinear',
    ...(resizeIn === undefined ? {} : { resizeIn }),
    ...(channels === 3 ? {} : { channels }),
    mean: perChannel('mean', channels, asked.mean, trainedWith.mean ?? (channels === 3 ? imagenetMean : undefined)),
    std: perChannel('std', channels, asked.std, trainedWith.std ?? (channels === 3 ? imagenetStd : undefined)),
    autoOrient: asked.autoOrient ?? false,
    // Clipping, the default, is not recorded, for compatibility with older sets.
    ...(asked.sixteenBit === 'scale' ? { sixteenBit: asked.sixteenBit } : {}),
  };
}

function perChannel(
  name: 'mean' | 'std',
  channels: number,
  asked: readonly number[] | undefined,
  usual: readonly number[] | undefined,
): readonly number[] {
  const values = asked ?? usual;
  if (values?.length === channels) return values;
  const example = Array.from({ length: Math.min(channels, 4) }, () => '0.5').join();
  throw usageError(
    `--${name}`,
    values === undefined ? 'nothing' : values.join(),
    channels === 3
      ? `three numbers ${name === 'mean' ? 'from 0 to 1' : 'above 0'}: 0.5,0.5,0.5`
      : `${channels} ${channels === 1 ? 'number' : 'numbers'}, as the network was trained: it takes images of ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
    `--${name} ${example}${channels > 4 ? ',…' : ''}`,
  );
}
