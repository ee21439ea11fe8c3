import type { Interpolation, Preprocessing } from '../../../features/manifest/manifest.ts';
import { isRecord } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { Config } from './config-file.ts';

/** The preprocessing that a network was trained with; absent fields default to torchvision's recipe. */
export type TrainedWith = Partial<Omit<Preprocessing, 'autoOrient' | 'sixteenBit'>>;

/** Pillow's numbers for its filters, as `resample` gives them. */
const filters: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/**
 * transformers' image processors that resize, crop, rescale and normalize in this order, or rescale first, with the
 * defaults of their classes (transformers 5.24).
 */
const processors: Readonly<Record<string, Processor>> = {
  BeitImageProcessor: { crops: false, square: true },
  BitImageProcessor: { crops: true, square: false },
  CLIPImageProcessor: { crops: true, square: false, resample: 3 },
  ConvNextImageProcessor: { crops: false, square: false },
  DeiTImageProcessor: { crops: true, square: true },
  DINOv3ViTImageProcessor: { crops: false, square: true, resample: 2, resizeIn: 'float32' },
  SiglipImageProcessor: { crops: false, square: true, resample: 3 },
  ViTImageProcessor: { crops: false, square: true, resample: 2 },
};

interface Processor {
  /** Whether it crops by default. */
  readonly crops: boolean;
  /** Whether a size of one number is height and width, not the shorter side. */
  readonly square: boolean;
  /** The default filter, if it is the same in all versions. */
  readonly resample?: number;
  /** Rescales before it resizes in floating point: torchvision's resize of tensors. */
  readonly resizeIn?: 'float32';
}

/** The processor of an architecture, for files of 2021 and before, which do not name it (transformers' own table). */
const processorOf: Readonly<Record<string, string>> = {
  beit: 'BeitImageProcessor',
  clip: 'CLIPImageProcessor',
  convnext: 'ConvNextImageProcessor',
  deit: 'DeiTImageProcessor',
  dinov2: 'BitImageProcessor',
  dinov3_vit: 'DINOv3ViTImageProcessor',
  resnet: 'ConvNextImageProcessor',
  siglip: 'SiglipImageProcessor',
  swin: 'ViTImageProcessor',
  vit: 'ViTImageProcessor',
};

/** Fields that do not affect the pixels of an RGB photo. */
// biome-ignore format: as many on a line as fit
const idle = new Set([
  'image_processor_type', 'feature_extractor_type', 'processor_class', 'auto_map', 'data_format', 'do_convert_rgb',
  '_valid_processor_keys', 'disable_grouping',
]);
// biome-ignore format: as many on a line as fit
const read = new Set([
  'size', 'crop_size', 'crop_pct', 'resample', 'default_to_square', 'do_resize', 'do_center_crop', 'do_rescale',
  'do_normalize', 'rescale_factor', 'image_mean', 'image_std',
]);

/**
 * Preprocessing as preprocessor_config.json gives it.
 *
 * @param architecture config.json's `model_type`, for files that do not name their processor
 * @throws UserError that names the field that is missing, or that cannot be honoured
 */
export function readPreprocessorConfig(config: Config, path: string, architecture?: unknown): TrainedWith {
  const fields = new Fields(config, path);
  const usual =
    typeof architecture === 'string' && Object.hasOwn(processorOf, architecture) && processorOf[architecture];
  const type = String(config['image_processor_type'] ?? config['feature_extractor_type'] ?? (usual || 'no processor'));
  const name = type.replace(/Fast$|Pil$/, '').replace(/FeatureExtractor$/, 'ImageProcessor');
  const processor = Object.hasOwn(processors, name) ? processors[name] : undefined;
  if (processor === undefined) throw fields.refuse('image_processor_type', Object.keys(processors).join(', '), type);
  for (const [field, value] of Object.entries(config)) {
    // A step that is switched off changes nothing.
    if (idle.has(field) || read.has(field) || value === null || value === false) continue;
    throw fields.refuse(field, 'no such step: only resize, crop, rescale and normalize are computed here');
  }
  fields.mustBeOn('do_resize');
  fields.mustBeOn('do_rescale');
  const resample =
    config['resample'] === undefined && processor.resample !== undefined
      ? processor.resample
      : fields.number('resample');
  const interpolation = filters[resample];
  if (interpolation === undefined) throw fields.refuse('resample', 'a whole number from 0 to 5');
  const { resizeIn } = processor;
  if (resizeIn !== undefined && interpolation !== 'bilinear' && interpolation !== 'bicubic')
    throw fields.refuse('resample', '2 or 3: tensors are resized by bilinear or bicubic');
  const shape = geometry(fields, name, processor);
  // transformers pads tensors by another rule than arrays.
  if (resizeIn !== undefined && (shape.crop ?? 0) > Math.min(...[shape.resize ?? 0].flat()))
    throw fields.refuse('crop_size', 'no more than size: nothing is padded here');
  return {
    ...shape,
    interpolation,
    ...(resizeIn === undefined ? {} : { resizeIn }),
    ...normalization(fields),
  };
}

function geometry(fields: Fields, name: string, { crops, square }: Processor): TrainedWith {
  const isSquare = fields.config['default_to_square'] ?? square;
  const size = fields.size('size', isSquare === true);
  const cropped = fields.config['do_center_crop'] ?? crops;
  const crop = cropped === true ? fields.size('crop_size', true) : undefined;
  if (Array.isArray(crop) && crop[0] !== crop[1]) throw fields.refuse('crop_size', 'a square');
  if (name === 'ConvNextImageProcessor') {
    if (typeof size !== 'number') throw fields.refuse('size', 'shortest_edge');
    if (crop !== undefined) throw fields.refuse('do_center_crop', 'false, as the crop follows from size and crop_pct');
    // Warped if 384 pixels or more, else cropped.
    if (size >= 384) return { resize: [size, size], crop: size };
    const share = fields.config['crop_pct'] ?? 224 / 256;
    if (typeof share !== 'number' || !(share > 0 && share <= 1)) throw fields.refuse('crop_pct', 'a share up to 1');
    return { resize: Math.trunc(size / share), crop: size, centerCrop: 'transformers' };
  }
  if (crop !== undefined) {
    return { resize: size, crop: (crop as readonly [number, number])[0], centerCrop: 'transformers' };
  }
  if (typeof size === 'number' || size[0] !== size[1])
    throw fields.refuse(
      'size',
      'height and width that are equal, or do_center_crop: the input of the network is square',
    );
  return { resize: size, crop: size[0] };
}

/** Mean and deviation on [0, 1]: a rescale factor other than 1/255 goes into both. */
function normalization(fields: Fields): Pick<Preprocessing, 'mean' | 'std'> {
  const { config } = fields;
  const factor = config['rescale_factor'] ?? 1 / 255;
  if (typeof factor !== 'number' || !(factor > 0)) throw fields.refuse('rescale_factor', 'a number above 0');
  const isOff = config['do_normalize'] === false;
  const mean = isOff ? ([0, 0, 0] as const) : fields.triple('image_mean');
  const std = isOff ? ([1, 1, 1] as const) : fields.triple('image_std');
  if (std.some((value) => value <= 0)) throw fields.refuse('image_std', 'numbers above 0');
  const scale = Math.abs(factor * 255 - 1) < 1e-6 ? 1 : factor * 255;
  const scaled = ([red, green, blue]: readonly [number, number, number]): readonly [number, number, number] =>
    scale === 1 ? [red, green, blue] : [red / scale, green / scale, blue / scale];
  return { mean: scaled(mean), std: scaled(std) };
}

/** The fields of one file, and the messages about invalid ones. */
class Fields {
  readonly config: Config;
  readonly #path: string;

  constructor(config: Config, path: string) {
    this.config = config;
    this.#path = path;
  }

  refuse(field: string, expected: string, found: unknown = this.config[field]): UserError {
    return new UserError({
      what: `the network's preprocessing is not supported: ${field}`,
      where: this.#path,
      found: found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 100),
      expected,
      fix: 'name the .onnx file itself (--weights FOLDER/onnx/model.onnx) and say how: --resize, --crop, --interpolation, --mean, --std',
    });
  }

  mustBeOn(field: string): void {
    if ((this.config[field] ?? true) !== true) throw this.refuse(field, 'true');
  }

  number(field: string): number {
    const value = this.config[field];
    if (typeof value !== 'number') throw this.refuse(field, 'a number');
    return value;
  }

  triple(field: string): readonly [number, number, number] {
    const value = this.config[field];
    const fits = Array.isArray(value) && value.length === 3 && value.every((one) => Number.isFinite(one));
    if (!fits) throw this.refuse(field, 'three numbers');
    return value as unknown as readonly [number, number, number];
  }

  /** The shorter side, or height and width; a bare number is either, as the processor takes it. */
  size(field: string, square: boolean): number | readonly [height: number, width: number] {
    const value = this.config[field];
    const isSide = (side: unknown): side is number => Number.isSafeInteger(side) && Number(side) > 0;
    if (isSide(value)) return square ? [value, value] : value;
    const sides = isRecord(value) ? Object.entries(value).filter(([, side]) => side !== null) : [];
    const { height, width, shortest_edge: shorter } = Object.fromEntries(sides);
    if (sides.length === 1 && isSide(shorter)) return field === 'crop_size' ? [shorter, shorter] : shorter;
    if (sides.length === 2 && isSide(height) && isSide(width)) return [height, width];
    throw this.refuse(field, 'shortest_edge, or height and width');
  }
}
