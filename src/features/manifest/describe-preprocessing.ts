import type { Preprocessing } from './manifest.ts';

/** The preprocessing steps in words, in order: `shorter side to 256, centre crop 224, mean 0.485 …`. */
export function describePreprocessing(preprocessing: Preprocessing): string {
  const { resize, crop, interpolation, resizeIn, channels, mean, std, autoOrient, sixteenBit } = preprocessing;
  const steps = [
    ...(channels === undefined ? [] : [channels === 1 ? 'grey' : `${channels} bands`]),
    ...(resizeIn === undefined ? [] : ['rescaled to [0, 1]']),
    typeof resize === 'number' ? `shorter side to ${resize}` : `resized to ${resize.join(' x ')} (height x width)`,
    ...(interpolation === 'bilinear' && resizeIn === undefined ? [] : [interpolation]),
    ...(resizeIn === undefined ? [] : ["in floating point (torchvision's resize of tensors)"]),
    `centre crop ${crop}`,
    `mean ${mean.join(' ')}`,
    `std ${std.join(' ')}`,
    autoOrient ? 'turned by EXIF' : 'EXIF orientation not applied',
    ...(sixteenBit === 'scale' ? ['16-bit grey scaled'] : []),
  ];
  return steps.join(', ');
}
