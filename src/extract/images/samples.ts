import type { Preprocessing } from '../../features/manifest/manifest.ts';

/**
 * Memory format of an image after resize and crop: [crop, crop, channels], row by row; bytes as before torchvision's
 * ToTensor, or float32 on [0, 1] if resized in floating point.
 */
export type SampleForm = Pick<Preprocessing, 'crop' | 'resizeIn' | 'channels'>;

/** Bytes per image. */
export function bytesPerImage({ crop, resizeIn, channels = 3 }: SampleForm): number {
  return crop * crop * channels * (resizeIn === undefined ? 1 : Float32Array.BYTES_PER_ELEMENT);
}

/**
 * Converts RGB bytes of the network's size to the network's format: for one channel the first, for more than three
 * repeated.
 */
export function samplesOf(
  rgb: Uint8Array<ArrayBuffer>,
  { resizeIn, channels = 3 }: SampleForm,
): Uint8Array<ArrayBuffer> {
  const bytes = channels === 3 ? rgb : new Uint8Array((rgb.length / 3) * channels);
  if (channels !== 3) {
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = rgb[3 * Math.floor(at / channels) + ((at % channels) % 3)] as number;
    }
  }
  if (resizeIn === undefined) return bytes;
  return new Uint8Array(Float32Array.from(bytes, (byte) => byte / 255).buffer);
}

/** Converts an image in the network's format to RGB bytes for display: the first three channels. */
export function rgbOf(samples: Uint8Array, { crop, resizeIn, channels = 3 }: SampleForm): Uint8Array {
  if (resizeIn === undefined && channels === 3) return samples;
  const levels =
    resizeIn === undefined
      ? samples
      : Uint8ClampedArray.from(new Float32Array(samples.slice().buffer), (value) => 255 * value);
  const rgb = new Uint8Array(crop * crop * 3);
  for (let at = 0; at < rgb.length; at++) {
    rgb[at] = levels[Math.floor(at / 3) * channels + Math.min(at % 3, channels - 1)] as number;
  }
  return rgb;
}
