import { type ExtractResult, extract as extractPlanned } from '../extract/extract.ts';
import { loadNetwork } from '../extract/network-source.ts';
import {
  type ExtractContext,
  type ExtractPlan,
  type ExtractPolicy,
  extractDefaults,
  featureFolder,
} from '../extract/plan.ts';
import type { AskedPreprocessing } from '../extract/preprocessing.ts';
import { programVersion } from '../system/version.ts';

/** What `extract` may be told; the names and defaults are those of its options on the command line. */
export interface ExtractOptions
  extends Partial<Omit<ExtractPlan, 'data' | 'folder' | 'preprocessing' | 'views'>>,
    Partial<ExtractPolicy>,
    AskedPreprocessing,
    Pick<ExtractContext, 'signal' | 'onProgress' | 'onNote' | 'onWarning'> {
  /** The folder of images. */
  readonly data: string;
  /** Where feature sets live. Default: `cache`. */
  readonly cache?: string;
  /** Of the feature set. Default: the data folder's. */
  readonly name?: string;
  /** Augmented views to keep beside each plain image. Default: 0. */
  readonly views?: number;
}

/**
 * Runs a frozen network over the images of a folder that have no row yet, and publishes the feature set.
 *
 * @throws UserError naming the file or option; what was computed until then is on the disk, and the next call goes on
 */
export function extract(options: ExtractOptions): Promise<ExtractResult> {
  const { data, cache = 'cache', name, views = 0, signal, onProgress, onNote, onWarning, ...rest } = options;
  const asked = { ...extractDefaults, ...rest };
  const { weights, weightsKey, engine, device, seed, variant, tap, pool, threads } = asked;
  const heard = {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
    ...(onWarning && { onWarning }),
  };
  return extractPlanned({
    plan: {
      ...asked,
      data,
      folder: featureFolder(data, cache, name),
      preprocessing: asked,
      views: views === 0 ? undefined : { count: views, seed },
    },
    policy: asked,
    context: {
      ...heard,
      network: async () => {
        const what = { key: weightsKey, variant, readings: [{ tap, pool }] };
        const network = await loadNetwork(weights, { engine, device, seed, threads, ...what, ...heard });
        for (const warning of network.warnings) onWarning?.(warning);
        return network;
      },
      command: `featuretap extract --data ${data}`,
      version: programVersion(),
    },
  });
}
