import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import type { SampleForm } from '../samples.ts';
import { type BandPixels, isBands } from './band-pixels.ts';
import { everyThird } from './grey.kernel.ts';
import type { Resampler, SourcePixels } from './resize.kernel.ts';
import { resizeFloat } from './resize-float.kernel.ts';
import { exactTapsOf, tapsOf } from './taps.ts';

/** Width and height in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Size after torchvision's `Resize(shorter)`: the shorter side becomes `shorter`, the longer one keeps the ratio,
 * truncated to a whole pixel (torchvision 0.14, `_compute_resized_output_size`).
 */
export function resizedSize(size: Size, shorter: number): Size {
  const { width, height } = size;
  if (width <= height) return { width: shorter, height: Math.trunc((shorter * height) / width) };
  return { width: Math.trunc((shorter * width) / height), height: shorter };
}

/** Half to even, as Python's `round`. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Where one axis of the crop takes its pixels: `count` pixels of the image from `from`, put at `to` of the crop. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * One axis of torchvision's `CenterCrop(crop)` on an image of `size` pixels: the offset rounds half to even; an image
 * smaller than the crop is padded with zeros on both sides, the odd one at the end. transformers' `center_crop` rounds
 * the offset down, and the odd zero is at the start.
 */
export function centerCropSpan(size: number, crop: number, rule?: Preprocessing['centerCrop']): Span {
  if (rule === 'transformers') {
    if (size < crop) return { from: 0, to: Math.ceil((crop - size) / 2), count: size };
    return { from: Math.floor((size - crop) / 2), to: 0, count: crop };
  }
  if (size < crop) return { from: 0, to: Math.floor((crop - size) / 2), count: size };
  return { from: roundHalfToEven((size - crop) / 2), to: 0, count: crop };
}

/** What of a recipe says how an image is resized and cropped. */
type ResizeRecipe = SampleForm & Pick<Preprocessing, 'resize' | 'interpolation' | 'centerCrop'>;

/**
 * torchvision's (or transformers') Resize(resize) + CenterCrop(crop) of an image: [crop, crop, channels] in new memory, in
 * the form that the recipe says (`samples.ts`).
 * @param source grey where the recipe says one channel; of as many bands where it says others than three
 */
export function resizeAndCrop(
  resampler: Resampler,
  source: SourcePixels | BandPixels,
  { resize, crop, interpolation, centerCrop, resizeIn, channels = 3 }: ResizeRecipe,
): Uint8Array<ArrayBuffer> {
  const size = typeof resize === 'number' ? resizedSize(source, resize) : { height: resize[0], width: resize[1] };
  const across = centerCropSpan(size.width, crop, centerCrop);
  const down = centerCropSpan(size.height, crop, centerCrop);
  if (resizeIn === 'float32' || isBands(source)) {
    const columns = exactTapsOf(interpolation, source.width, size.width, across.from, across.count);
    const rows = exactTapsOf(interpolation, source.height, size.height, down.from, down.count);
    const data = new Float32Array(crop * crop * channels);
    const offset = (down.to * crop + across.to) * channels;
    const largest = isBands(source) ? source.largest : 255;
    resizeFloat(source, largest, columns, rows, { data, offset, stride: crop * channels, channels });
    return new Uint8Array(data.buffer);
  }
  const columns = tapsOf(interpolation, source.width, size.width, across.from, across.count);
  const rows = tapsOf(interpolation, source.height, size.height, down.from, down.count);
  const stride = crop * 3;
  const data = new Uint8Array(crop * stride);
  resampler.resample(source, columns, rows, { data, offset: down.to * stride + across.to * 3, stride });
  // The three channels of a grey image are resized alike, as Pillow resizes the one of its mode L.
  return channels === 1 ? everyThird(data) : data;
}
