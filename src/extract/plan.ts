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

/** Which features to extract from which images. */
export interface ExtractPlan {
  readonly data: string;
  readonly layout?: LayoutOptions | undefined;
  readonly folder: string;
  /** As `--weights` names them. */
  readonly weights: string;
  /** Key of a checkpoint's state dict; default: the usual one. */
  readonly weightsKey?: string | undefined;
  /** Variant of a published network: `fp16` …; default: the plain one. */
  readonly variant?: string | undefined;
  readonly engine: EngineName | 'auto';
  readonly device: DeviceName | 'auto';
  /** Default: the network's own; `avgpool` for a ResNet. */
  readonly tap?: string | undefined;
  /** Default: the network's own; the mean for a feature map. */
  readonly pool?: Pool | undefined;
  readonly preprocessing: AskedPreprocessing;
  readonly dtype: Dtype;
  readonly precision: Precision;
  /** Seed of random weights, and of the choice of calibration images. */
  readonly seed: number;
  /** Augmented views to keep beside each plain image. */
  readonly views?: ViewRecipe | undefined;
}

/** A plan with resolved tap and pool. */
export type SettledPlan = Omit<ExtractPlan, 'tap' | 'pool'> & Reading;

/** How to run, with no effect on the features. */
export interface ExtractPolicy {
  readonly batch: number;
  readonly threads?: number | undefined;
  readonly skipUnreadable?: boolean;
  readonly allowMissing?: boolean;
  readonly replace?: boolean;
  /** Rewrite the shards without the rows of deleted images. */
  readonly prune?: boolean;
  /** Read every file again, even if its size and times are unchanged. */
  readonly rehash?: boolean;
  /** Size of a shard. Default: 64 MB. */
  readonly shardBytes?: number | undefined;
  /** Upper bound of the seconds of work that a kill loses. Default: 10. */
  readonly checkpointSeconds?: number | undefined;
}

/** Environment of a run. */
export interface ExtractContext {
  /** Called after the data folder is checked, since weights may need a download. */
  readonly network: () => Promise<NetworkSource>;
  /** As typed, to show how to continue an interrupted run. */
  readonly command: string;
  readonly version: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly onNote?: (line: string) => void;
  readonly onWarning?: (line: string) => void;
  readonly files?: Files;
  readonly openPipeline?: typeof openPixelPipeline;
}

/** Arguments of `extract`. */
export interface ExtractRequest {
  readonly plan: ExtractPlan;
  readonly policy: ExtractPolicy;
  readonly context: ExtractContext;
}

/** Absolute path of a feature set. @throws UserError if the name is not a plain folder name */
export function featureFolder(
  data: string,
  cache: string,
  name: string = basename(resolve(data)).replace(/\.(?:zip|tar)$/i, ''),
): string {
  // `..` or a path would write outside the cache.
  if (name === '' || name === '.' || name === '..' || /[\\/]/.test(name)) {
    throw usageError('--name', name, 'the name of a folder below the cache', {
      value: name.split(/[\\/]/).findLast((part) => part !== '' && !/^\.+$/.test(part)) ?? null,
    });
  }
  return join(resolve(cache), name);
}
