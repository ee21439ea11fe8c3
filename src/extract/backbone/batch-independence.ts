import { type SampleForm, samplesOf } from '../images/samples.ts';

/**
 * Tolerated difference between two rows of one image, relative to the largest magnitude: float32 sums in another order.
 */
export const sameRow = 1e-4;

/** The same on a GPU, where algorithms, and use of TF32, depend on the batch size. */
export const sameRowOnGpu = 1e-2;

/** Two different crops, [2, crop, crop, 3]: noise from a linear congruential generator, the second darker. */
export function drawPair(form: SampleForm): Uint8Array {
  const { crop } = form;
  const pixels = new Uint8Array(2 * crop * crop * 3);
  let state = 1;
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    pixels[i] = (state >>> 24) >> (i * 2 < pixels.length ? 0 : 2);
  }
  return samplesOf(pixels, form);
}

/** The largest difference between two rows, relative to their largest magnitude. */
export function rowDifference(one: Float32Array, other: Float32Array): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < one.length; i++) {
    const [a, b] = [one[i] as number, other[i] as number];
    largest = Math.max(largest, Math.abs(a), Math.abs(b));
    difference = Math.max(difference, Math.abs(a - b));
  }
  return difference === 0 ? 0 : difference / largest;
}
