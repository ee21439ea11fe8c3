import { basename, join, resolve } from 'node:path';
import type { DeviceName, EngineName, Pool, Precision } from '../features/manifest/manifest.ts';
import type { Dtype } from '../formats/npy/npy.ts';
import { usageError } from '../system/errors.ts';
import type { Files } from '../system/files.ts';
import type { OnProgress } from '../system/progress.ts';
import type { LayoutOptions } from './images/list/image-file.ts';
import type { openPixelPipeline } from './images/pipeline/pipeline.ts';
import type { ViewRecipe } from './images/views/views.ts';
import type { NetworkSource } from './network-source.ts';
import type { AskedPreprocessing } from './preprocessing.ts';
import type { Reading } from './weights/hub/reading.ts';

/** What is asked for: which features, of which images. Known before anything is opened. */
export interface ExtractPlan {
  /** The data folder. */
  readonly data: string;
  /** How to read it where it is not to be read in the usual way. */
  readonly layout?: LayoutOptions | undefined;
  /** Absolute path of the feature set. */
  readonly folder: string;
  /** As `--weights` names them. */
  readonly weights: string;
  /** Which state dict of a checkpoint; default: the one that is usually meant. */
  readonly weightsKey?: string | undefined;
  /** Which graph of a published network: `fp16` …; default: the plain one. */
  readonly variant?: string | undefined;
  readonly engine: EngineName | 'auto';
  readonly device: DeviceName | 'auto';
  /** Default: what the network's makers take for an image's vector; `avgpool` of a ResNet. */
  readonly tap?: string | undefined;
  /** Default: likewise; the mean over a map. */
  readonly pool?: Pool | undefined;
  readonly preprocessing: AskedPreprocessing;
  readonly dtype: Dtype;
  readonly precision: Precision;
  /** Draws random weights, and the images that int8 is calibrated on. */
  readonly seed: number;
  /** Augmented views to keep beside each plain image. */
  readonly views?: ViewRecipe | undefined;
}

/** A plan whose network is known: what is kept of it is settled. */
export type SettledPlan = Omit<ExtractPlan, 'tap' | 'pool'> & Reading;

/** How a run goes about it, and what it may do: nothing here changes a number. */
export interface ExtractPolicy {
  /** Rows per run of the network. */
  readonly batch: number;
  /** Threads that decode; default: the machine's cores. */
  readonly threads?: number | undefined;
  readonly skipUnreadable?: boolean;
  readonly allowMissing?: boolean;
  /** Compute a set again that has another fingerprint. */
  readonly replace?: boolean;
  /** Write the shards again without the rows of images that are gone. */
  readonly prune?: boolean;
  /** Read every file's bytes again, whatever its size and times say. */
  readonly rehash?: boolean;
  /** Size of a shard. Default: 64 MB. */
  readonly shardBytes?: number | undefined;
  /** At most so many seconds of work are lost by a kill. Default: 10. */
  readonly checkpointSeconds?: number | undefined;
}

/** What a run is given to work with, and who listens to it. */
export interface ExtractContext {
  /** Asked for once the data folder is known to be in order: weights may have to be downloaded. */
  readonly network: () => Promise<NetworkSource>;
  /** As typed; an interrupted run names it to go on. */
  readonly command: string;
  /** Of this program, for the manifest. */
  readonly version: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Lines worth showing before the long work. */
  readonly onNote?: (line: string) => void;
  readonly onWarning?: (line: string) => void;
  /** The disk; tests hand in one that fails. */
  readonly files?: Files;
  /** What decodes; default: worker threads. */
  readonly openPipeline?: typeof openPixelPipeline;
}

/** All that `extract` is called with. */
export interface ExtractRequest {
  readonly plan: ExtractPlan;
  readonly policy: ExtractPolicy;
  readonly context: ExtractContext;
}

/**
 * Absolute path of a feature set.
 *
 * @param name default: the data folder's
 * @throws UserError if the name is not that of one folder
 */
export function featureFolder(
  data: string,
  cache: string,
  name: string = basename(resolve(data)).replace(/\.(?:zip|tar)$/i, ''),
): string {
  // A name is one folder below the cache: `..` or a path would write elsewhere.
  if (name === '' || name === '.' || name === '..' || /[\\/]/.test(name)) {
    throw usageError('--name', name, 'the name of a folder below the cache', '--name dogs');
  }
  return join(resolve(cache), name);
}
