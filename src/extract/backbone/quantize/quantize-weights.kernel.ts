/** A convolution's kernels as symmetric int8 per output channel: weight = values * scales[channel]. */
export interface QuantizedKernels {
  readonly values: Int8Array;
  /** [outChannels]. */
  readonly scales: Float32Array;
}

/**
 * Quantizes kernels [outChannels, perChannel] to [-127, 127] per output channel, so that the largest weight is 127.
 */
export function quantizeKernels(kernels: Float32Array, outChannels: number): QuantizedKernels {
  const perChannel = kernels.length / outChannels;
  const values = new Int8Array(kernels.length);
  const scales = new Float32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const start = channel * perChannel;
    const end = start + perChannel;
    let largest = 0;
    for (let at = start; at < end; at++) {
      const size = Math.abs(kernels[at]);
      if (size > largest) largest = size;
    }
    const scale = Math.fround(largest === 0 ? 1 : largest / 127);
    scales[channel] = scale;
    const perUnit = 1 / scale;
    for (let at = start; at < end; at++) {
      const value = kernels[at] * perUnit;
      // The array cuts the fraction off: half away from zero. No value is above 127, by the scale.
      values[at] = value < 0 ? value - 0.5 : value + 0.5;
    }
  }
  return { values, scales };
}

/**
 * What rounding the kernels adds to each output channel on average: the weights' errors times their input channels'
 * mean values. [outChannels], to be taken off the bias.
 *
 * @param inputMeans [inChannels]
 * @param taps kernel positions: height times width
 */
export function meanShift(
  kernels: Float32Array,
  quantized: QuantizedKernels,
  inputMeans: ArrayLike<number>,
  taps: number,
): Float64Array {
  const { values, scales } = quantized;
  const shift = new Float64Array(scales.length);
  const inChannels = inputMeans.length;
  for (let channel = 0, at = 0; channel < scales.length; channel++) {
    let sum = 0;
    for (let input = 0; input < inChannels; input++) {
      let error = 0;
      for (let tap = 0; tap < taps; tap++, at++) error += values[at] * scales[channel] - kernels[at];
      sum += error * inputMeans[input];
    }
    shift[channel] = sum;
  }
  return shift;
}
