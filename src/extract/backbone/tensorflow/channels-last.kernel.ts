/** Convolution kernels [outChannels, inChannels, taps] to [taps, inChannels, outChannels]: PyTorch's order to TensorFlow's. */
export function toChannelsLast(
  kernels: Float32Array,
  outChannels: number,
  inChannels: number,
  taps: number,
): Float32Array {
  const out = new Float32Array(kernels.length);
  for (let o = 0, from = 0; o < outChannels; o++)
    for (let i = 0; i < inChannels; i++)
      for (let tap = 0; tap < taps; tap++, from++) out[(tap * inChannels + i) * outChannels + o] = kernels[from];
  return out;
}
