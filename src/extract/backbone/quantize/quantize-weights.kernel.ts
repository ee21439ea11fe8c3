/** A convolution's kernels as symmetric int8 per output channel: weight = values * scales[channel]. */
interface QuantizedKernels {
  readonly values: Int8Array;
  /** [outChannels]. */
  readonly scales: Float32Array;
}

/**
 * Largest size of two neighbouring weights of one sign together. x86 without VNNI multiplies bytes in pairs and adds
 * both products in 16 bits, with saturation (vpmaddubsw): 255 * 128 still fits, for any image.
 */
const largestPair = 128;

/**
 * Quantizes kernels [outChannels, inChannels, taps] to symmetric int8 per output channel, such that no processor clips
 * a sum of products: weights that are multiplied as a pair sum to at most `largestPair`. This costs nothing in channels
 * whose large weights have no large neighbour.
 *
 * @param taps kernel positions: height times width
 */
export function quantizeKernels(
  kernels: Float32Array,
  outChannels: number,
  inChannels: number,
  taps: number,
): QuantizedKernels {
  const perChannel = inChannels * taps;
  const values = new Int8Array(kernels.length);
  const scales = new Float32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const start = channel * perChannel;
    const end = start + perChannel;
    const largest = largestPairSize(kernels, start, inChannels, taps);
    // Rounding adds at most one to a pair.
    const scale = Math.fround(largest === 0 ? 1 : largest / (largestPair - 1));
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
 * Size of the largest pair of one output channel: both weights together where their signs are the same, else the larger
 * one. Convolutions over channels-last bytes multiply tap by tap, each with all its channels, two products at a time.
 */
function largestPairSize(kernels: Float32Array, start: number, inChannels: number, taps: number): number {
  let largest = 0;
  let first = 0;
  let isSecond = false;
  for (let tap = 0; tap < taps; tap++) {
    let at = start + tap;
    for (let input = 0; input < inChannels; input++, at += taps) {
      const weight = kernels[at];
      const alone = Math.abs(weight);
      const size = isSecond && first * weight > 0 ? Math.abs(first) + alone : alone;
      if (size > largest) largest = size;
      first = weight;
      isSecond = !isSecond;
    }
  }
  return largest;
}

/**
 * The mean shift of each output channel caused by rounding the kernels: the weights' errors times the mean values of
 * their input channels. [outChannels], to be subtracted from the bias.
 *
 * @param inputMeans [inChannels of all groups]
 * @param taps kernel positions: height times width
 */
export function meanShift(
  kernels: Float32Array,
  quantized: QuantizedKernels,
  inputMeans: ArrayLike<number>,
  taps: number,
  groups = 1,
): Float64Array {
  const { values, scales } = quantized;
  const shift = new Float64Array(scales.length);
  const inChannels = inputMeans.length / groups;
  const outPerGroup = scales.length / groups;
  for (let channel = 0, at = 0; channel < scales.length; channel++) {
    let sum = 0;
    const first = Math.floor(channel / outPerGroup) * inChannels;
    for (let input = first; input < first + inChannels; input++) {
      let error = 0;
      for (let tap = 0; tap < taps; tap++, at++) error += values[at] * scales[channel] - kernels[at];
      sum += error * inputMeans[input];
    }
    shift[channel] = sum;
  }
  return shift;
}
