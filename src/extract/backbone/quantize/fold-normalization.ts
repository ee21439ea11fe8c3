import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { valueAt } from '../../../system/at.ts';
import type { FoldedConv } from '../fold-batch-norm.ts';

/**
 * Folds torchvision's normalization into the first convolution: for the input (byte - zeroPoint) / 255 it then returns
 * what it returned for (byte / 255 - mean) / std.
 */
export function foldNormalization(conv: FoldedConv, preprocessing: Preprocessing, zeroPoint: number): FoldedConv {
  const { shape, data } = conv.kernels;
  const [outChannels, inChannels, height, width] = shape as [number, number, number, number];
  const taps = height * width;
  const kernels = new Float32Array(data.length);
  const bias = new Float32Array(outChannels);
  for (let channel = 0, at = 0; channel < outChannels; channel++) {
    let shift = 0;
    for (let input = 0; input < inChannels; input++) {
      const std = valueAt(preprocessing.std, input);
      const offset = (valueAt(preprocessing.mean, input) - zeroPoint / 255) / std;
      for (let tap = 0; tap < taps; tap++, at++) {
        const weight = valueAt(data, at);
        kernels[at] = weight / std;
        shift += weight * offset;
      }
    }
    bias[channel] = valueAt(conv.bias.data, channel) - shift;
  }
  return { kernels: { shape, data: kernels }, bias: { shape: [outChannels], data: bias } };
}
