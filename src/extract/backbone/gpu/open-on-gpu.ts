import type { Pool } from '../../../features/manifest/manifest.ts';
import type { Backbone } from '../backbone.ts';
import type { Network } from '../network.ts';
import { type OnnxBackboneOptions, openOnnxBackbone } from '../onnx-backbone.ts';
import { readBytes } from './byte-network.ts';
import { averageMap } from './mean-network.ts';

interface GpuBackboneOptions extends OnnxBackboneOptions {
  /** Pooling of every tap's maps. Only for networks of `buildResNet`. */
  readonly pool?: Pool | undefined;
}

/**
 * As `openOnnxBackbone`, but the GPU also normalizes the images and, if the pool is the mean, averages the feature
 * maps.
 */
export function openOnGpu(network: Network, options: GpuBackboneOptions): Promise<Backbone> {
  const { preprocessing, pool } = options;
  const isBytes = preprocessing.resizeIn === undefined;
  const fed = network.input.form === 'normalized' && isBytes ? readBytes(network, preprocessing) : network;
  const taps = pool === 'mean' ? [options.tap].flat() : [];
  return openOnnxBackbone(taps.reduce(averageMap, fed), options);
}
