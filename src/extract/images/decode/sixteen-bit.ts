import type { SourcePixels } from '../resize/resize.kernel.ts';
import { largestSample, spreadGrey } from './sixteen-bit.kernel.ts';

/**
 * How grey samples of 16 bits become 8: `clip` is Pillow's `convert('RGB')`, which keeps 0 to 255 and makes all above
 * 255; `scale` takes their high byte, as Pillow does where colours have 16 bits.
 */
export type SixteenBit = 'clip' | 'scale';

/** Grey samples as pixels; `clipped` tells whether Pillow's rule lost values. */
export function greyPixels(samples: Uint16Array, width: number, height: number, rule: SixteenBit): SourcePixels {
  const data = new Uint8Array(samples.length * 3);
  // A clamped array makes all above 255 to 255.
  spreadGrey(rule === 'scale' ? samples.map((sample) => sample >> 8) : new Uint8ClampedArray(samples), data);
  const clipped = rule === 'clip' && largestSample(samples) > 255;
  return { data, width, height, channels: 3, ...(clipped ? { clipped } : {}) };
}
