import { scaleBy } from '../../numerics/arrays.kernel.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import { batchNormEpsilon, type ConvNorm } from '../weights/resnet.ts';
import type { StateDict, WeightTensor } from '../weights/state-dict.ts';

/** A convolution with the following batch norm folded in. */
export interface FoldedConv {
  /** [outChannels, inChannels / groups, kernel, kernel]. */
  readonly kernels: { readonly shape: readonly number[]; readonly data: Float32Array };
  /** [outChannels]. */
  readonly bias: { readonly shape: readonly number[]; readonly data: Float32Array };
}

/**
 * Folds a batch norm with fixed statistics into the preceding convolution, in float64, rounded once to float32
 * (torch.nn.utils.fuse_conv_bn_weights does it in float32).
 */
export function foldBatchNorm(layer: ConvNorm, weights: StateDict): FoldedConv {
  const { conv, norm, inChannels, outChannels, kernel, groups } = layer;
  const take = (name: string): WeightTensor => lookUp(weights.tensors, name);
  const kernels = take(`${conv}.weight`);
  const scale = take(`${norm}.weight`).data;
  const shift = take(`${norm}.bias`).data;
  const mean = take(`${norm}.running_mean`).data;
  const variance = take(`${norm}.running_var`).data;
  const perChannel = (inChannels / groups) * kernel * kernel;
  const folded = new Float32Array(kernels.data);
  const bias = new Float32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const factor = valueAt(scale, channel) / Math.sqrt(valueAt(variance, channel) + batchNormEpsilon);
    bias[channel] = valueAt(shift, channel) - valueAt(mean, channel) * factor;
    scaleBy(folded.subarray(channel * perChannel, (channel + 1) * perChannel), factor);
  }
  return { kernels: { shape: kernels.shape, data: folded }, bias: { shape: [outChannels], data: bias } };
}
