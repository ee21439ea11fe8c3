import type { Taps } from './resize.kernel.ts';

/** The form in which resize.wat reads taps. */
interface PackedTaps {
  /** [count, 1 + 2 * pairs]: byte offset of the first source value, then low and high weights of each pair. */
  readonly words: Int32Array;
  readonly pairs: number;
}

/** Low bits of a weight; the high ones, with its sign, fit 16 bits too. */
const lowBits = 11;
const lowMask = (1 << lowBits) - 1;

/** @param unit bytes between two neighbours of the source: 3 along a row, the row's length across */
export function packTaps(taps: Taps, unit: number): PackedTaps {
  const { count, width, start, length, weights } = taps;
  const origin = start[0];
  let longest = 1;
  for (let i = 0; i < count; i++) if (length[i] > longest) longest = length[i];
  const pairs = (longest + 1) >> 1;
  const words = new Int32Array(count * (1 + 2 * pairs));
  let at = 0;
  for (let i = 0; i < count; i++) {
    words[at++] = (start[i] - origin) * unit;
    const used = length[i];
    for (let j = 0; j < 2 * pairs; j += 2) {
      const first = j < used ? weights[i * width + j] : 0;
      const second = j + 1 < used ? weights[i * width + j + 1] : 0;
      words[at++] = (first & lowMask) | ((second & lowMask) << 16);
      words[at++] = ((first >> lowBits) & 0xffff) | ((second >> lowBits) << 16);
    }
  }
  return { words, pairs };
}

/** Copies `pixelCount` pixels of four channels as RGB. */
export function copyRGB(rgba: Uint8Array, from: number, pixelCount: number, out: Uint8Array, to: number): void {
  let source = from;
  let target = to;
  for (let i = 0; i < pixelCount; i++) {
    out[target] = rgba[source];
    out[target + 1] = rgba[source + 1];
    out[target + 2] = rgba[source + 2];
    source += 4;
    target += 3;
  }
}
