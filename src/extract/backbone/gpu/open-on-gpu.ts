import type { Pool } from '../../../features/manifest/manifest.ts';
import type { Backbone } from '../backbone.ts';
import type { Network } from '../network.ts';
import { type OnnxBackboneOptions, openOnnxBackbone } from '../onnx-backbone.ts';
import { readBytes } from './byte-network.ts';
import { averageMap } from './mean-network.ts';

interface GpuBackboneOptions extends OnnxBackboneOptions {
  /** What becomes of every tap's maps. Only for networks of `buildResNet`. */
  readonly pool?: Pool | undefined;
}

/**
 * As `openOnnxBackbone`, with what one thread would do before and after the network done by the GPU too: it normalizes
 * bytes, and takes the mean over a map where that is the pool.
 */
export function openOnGpu(network: Network, options: GpuBackboneOptions): Promise<Backbone> {
  const { preprocessing, pool } = options;
  const isBytes = preprocessing.resizeIn === undefined;
  const fed = network.input.form === 'normalized' && isBytes ? readBytes(network, preprocessing) : network;
  const taps = pool === 'mean' ? [options.tap].flat() : [];
  return openOnnxBackbone(taps.reduce(averageMap, fed), options);
}
