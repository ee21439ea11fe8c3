import { createHash } from 'node:crypto';
import type { Resampler, SourcePixels } from '../resize/resize.kernel.ts';
import { tapsOf } from '../resize/taps.ts';
import { roundHalfToEven } from '../resize/transform.ts';
import { mirrorRows, rotateNearest } from './rotate.kernel.ts';

/** Augmented views of each image: RandomRotation(30), RandomResizedCrop(crop), RandomHorizontalFlip, in this order. */
export interface ViewRecipe {
  readonly count: number;
  readonly seed: number;
}

/** Parameters of one view, in torchvision's terms. */
export interface ViewParameters {
  /** Degrees, counter-clockwise; `rotate`. */
  readonly angle: number;
  /** Rows and columns of the rotated image; `resized_crop`. */
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** `hflip`. */
  readonly flip: boolean;
}

/** Largest angle either way, in degrees: RandomRotation(30). */
const largestAngle = 30;
/** Relative area of a crop, and its aspect ratio: RandomResizedCrop's defaults. */
const areaRange = [0.08, 1] as const;
const ratioRange = [3 / 4, 4 / 3] as const;
/** Boxes drawn before RandomResizedCrop falls back to the centre. */
const mostTries = 10;

/**
 * Draws the parameters of one view: a pure function of the file's sha256, the seed, the view's number and the image's
 * size, so that views are reproducible.
 *
 * @param view 1 for the first view; 0 is the plain image
 */
export function drawView(
  sha256: string,
  seed: number,
  view: number,
  size: { readonly width: number; readonly height: number },
): ViewParameters {
  const uniform = uniformStream(`featuretap view\n${sha256}\n${seed}\n${view}\n`);
  const angle = -largestAngle + 2 * largestAngle * uniform();
  const box = drawBox(size.width, size.height, uniform);
  return { angle, ...box, flip: uniform() < 0.5 };
}

export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** torchvision 0.14's `RandomResizedCrop.get_params`, from numbers that are uniform on [0, 1). */
export function drawBox(imageWidth: number, imageHeight: number, uniform: () => number): Box {
  const between = (low: number, high: number): number => low + (high - low) * uniform();
  const [narrowest, widest] = ratioRange;
  for (let i = 0; i < mostTries; i++) {
    const area = imageWidth * imageHeight * between(...areaRange);
    const ratio = Math.exp(between(Math.log(narrowest), Math.log(widest)));
    const width = roundHalfToEven(Math.sqrt(area * ratio));
    const height = roundHalfToEven(Math.sqrt(area / ratio));
    if (width > 0 && width <= imageWidth && height > 0 && height <= imageHeight) {
      const top = Math.floor(uniform() * (imageHeight - height + 1));
      const left = Math.floor(uniform() * (imageWidth - width + 1));
      return { top, left, height, width };
    }
  }
  const ratio = imageWidth / imageHeight;
  const width = ratio > widest ? roundHalfToEven(imageHeight * widest) : imageWidth;
  const height = ratio < narrowest ? roundHalfToEven(imageWidth / narrowest) : imageHeight;
  return { top: Math.floor((imageHeight - height) / 2), left: Math.floor((imageWidth - width) / 2), height, width };
}

/** Numbers uniform on [0, 1) with 53 bits each: sha256 of the key and a counter, 8 bytes at a time. */
function uniformStream(key: string): () => number {
  let block = Buffer.alloc(0);
  let blocks = 0;
  let at = 0;
  return () => {
    if (at === block.length) {
      block = createHash('sha256').update(`${key}${blocks++}`).digest();
      at = 0;
    }
    const high = block.readUInt32BE(at) >>> 5;
    const low = block.readUInt32BE(at + 4) >>> 6;
    at += 8;
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
}

/**
 * The pixels of a view: torchvision 0.14's functional `rotate` (nearest, black outside), `resized_crop` (bilinear, to
 * [crop, crop]) and `hflip` on a PIL image, to the bit; [crop, crop, 3] in new memory. Only the box is rotated.
 */
export function viewPixels(
  resampler: Resampler,
  source: SourcePixels,
  view: ViewParameters,
  crop: number,
): Uint8Array<ArrayBuffer> {
  const { top, left, width, height } = view;
  const boxed = rotateNearest(
    source,
    inverseRotation(view.angle, source.width, source.height),
    left,
    top,
    width,
    height,
  );
  const columns = tapsOf('bilinear', width, crop, 0, crop);
  const rows = tapsOf('bilinear', height, crop, 0, crop);
  const stride = crop * 3;
  const data = new Uint8Array(crop * stride);
  resampler.resample({ data: boxed, width, height, channels: 3 }, columns, rows, { data, offset: 0, stride });
  if (view.flip) mirrorRows(data, crop, crop);
  return data;
}

/**
 * From a pixel of the rotated image to where it comes from: x' = a x + b y + c, y' = d x + e y + f, about the image's
 * centre; coefficients rounded to 15 decimals as in Pillow 9.4's `Image.rotate`. Undefined for no rotation at all.
 */
function inverseRotation(
  degrees: number,
  width: number,
  height: number,
): readonly [number, number, number, number, number, number] | undefined {
  const turn = degrees % 360;
  const positive = turn < 0 ? turn + 360 : turn;
  if (positive === 0) return undefined;
  const radians = -positive * (Math.PI / 180);
  const round = (value: number): number => Number(value.toFixed(15));
  const [cos, sin, minusSin] = [round(Math.cos(radians)), round(Math.sin(radians)), round(-Math.sin(radians))];
  const x = width / 2;
  const y = height / 2;
  return [cos, sin, cos * -x + sin * -y + 0 + x, minusSin, cos, minusSin * -x + cos * -y + 0 + y];
}
