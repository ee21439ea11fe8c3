/**
 * Samples of any depth as RGB, as Pillow's j2ku_* functions shift them: to the left below 8 bits; above 8 rounded,
 * where the largest values run over to 0.
 *
 * @param components samples per pixel: 1 for all three channels, or 3
 */
export function shiftSamples(
  samples: Uint8Array | Uint16Array,
  components: number,
  bits: number,
  data: Uint8Array,
): void {
  const left = Math.max(0, 8 - bits);
  const right = Math.max(0, bits - 8);
  const half = right === 0 ? 0 : 1 << (right - 1);
  for (let from = 0, to = 0; to < data.length; from += components) {
    for (let channel = 0; channel < 3; channel++) {
      data[to++] = ((samples[components === 1 ? from : from + channel] + half) >> right) << left;
    }
  }
}
