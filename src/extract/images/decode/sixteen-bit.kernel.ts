/** Grey samples of 16 bits as RGB, all above 255 clipped. */
export function clipSamples(samples: Uint16Array, data: Uint8Array): void {
  for (let i = 0, to = 0; i < samples.length; i++) {
    const grey = Math.min(samples[i], 255);
    data[to++] = grey;
    data[to++] = grey;
    data[to++] = grey;
  }
}

/** Grey samples of 16 bits as RGB, by their high byte. */
export function scaleSamples(samples: Uint16Array, data: Uint8Array): void {
  for (let i = 0, to = 0; i < samples.length; i++) {
    const grey = samples[i] >> 8;
    data[to++] = grey;
    data[to++] = grey;
    data[to++] = grey;
  }
}

export function largestSample(samples: Uint16Array): number {
  let largest = 0;
  for (let i = 0; i < samples.length; i++) if (samples[i] > largest) largest = samples[i];
  return largest;
}
