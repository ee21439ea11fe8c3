import { isRecord } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { Config } from './config-file.ts';
import type { TrainedWith } from './preprocessor-config.ts';

/**
 * Preprocessing of timm's evaluation transform, as `pretrained_cfg` in config.json gives it (timm 1.0,
 * `transforms_imagenet_eval`): resize to floor(size / crop_pct), then the crop.
 *
 * @throws UserError that names the field that is missing, or that cannot be honoured
 */
export function readTimmConfig(config: Config, path: string): TrainedWith {
  const refuse = (field: string, expected: string): UserError =>
    new UserError({
      what: `the network's preprocessing is not supported: pretrained_cfg.${field}`,
      where: path,
      found: JSON.stringify(config[field]) ?? 'nothing',
      expected,
      fix: 'name the .onnx file itself and say how: --resize, --crop, --interpolation, --mean, --std',
    });
  const shape = config['input_size'];
  const [channels, height, width] = Array.isArray(shape) ? shape : [];
  if (
    !Number.isSafeInteger(channels) ||
    !(channels > 0) ||
    !Number.isSafeInteger(height) ||
    !(height > 0) ||
    height !== width
  )
    throw refuse('input_size', '[CHANNELS, SIDE, SIDE]');
  const share = config['crop_pct'];
  if (typeof share !== 'number' || !(share > 0 && share <= 1)) throw refuse('crop_pct', 'a share up to 1');
  const resized = Math.floor(height / share);
  const mode = config['crop_mode'] ?? 'center';
  if (mode !== 'center' && mode !== 'squash') throw refuse('crop_mode', 'center or squash');
  const interpolation = config['interpolation'];
  if (interpolation !== 'bilinear' && interpolation !== 'bicubic' && interpolation !== 'lanczos')
    throw refuse('interpolation', 'bilinear, bicubic or lanczos');
  return {
    resize: mode === 'center' ? resized : [resized, resized],
    crop: height,
    interpolation,
    mean: perChannel('mean'),
    std: perChannel('std'),
  };

  function perChannel(field: string): readonly number[] {
    const value = config[field];
    const fits = Array.isArray(value) && value.length === channels && value.every((one) => Number.isFinite(one));
    if (!fits)
      throw refuse(field, channels === 3 ? 'three numbers' : `as many numbers as input_size has channels: ${channels}`);
    return value;
  }
}

/** timm's part of a config.json; undefined if there is none. */
export function timmConfigOf(config: Config): Config | undefined {
  return isRecord(config['pretrained_cfg']) ? config['pretrained_cfg'] : undefined;
}
