/** Grey pixels as RGB: [pixels] into [pixels, 3]. */
export function spreadGrey(grey: ArrayLike<number>, out: Uint8Array): void {
  for (let i = 0, to = 0; i < grey.length; i++, to += 3) out[to] = out[to + 1] = out[to + 2] = grey[i];
}

export function largestSample(samples: Uint16Array): number {
  let largest = 0;
  for (let i = 0; i < samples.length; i++) if (samples[i] > largest) largest = samples[i];
  return largest;
}
