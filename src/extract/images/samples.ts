import type { Preprocessing } from '../../features/manifest/manifest.ts';

/**
 * How the numbers of one image lie in memory after resize and crop: [crop, crop, 3], row by row. They are bytes, the ones
 * that torchvision hands to ToTensor; or, where the resize is in floating point, float32 on [0, 1].
 */
export type SampleForm = Pick<Preprocessing, 'crop' | 'resizeIn'>;

/** Bytes that one image takes. */
export function bytesPerImage({ crop, resizeIn }: SampleForm): number {
  return crop * crop * 3 * (resizeIn === undefined ? 1 : Float32Array.BYTES_PER_ELEMENT);
}

/** RGB bytes of the network's size, drawn ones or a view's, in the form in which the network's images are. */
export function samplesOf(rgb: Uint8Array<ArrayBuffer>, { resizeIn }: SampleForm): Uint8Array<ArrayBuffer> {
  if (resizeIn === undefined) return rgb;
  return new Uint8Array(Float32Array.from(rgb, (byte) => byte / 255).buffer);
}
