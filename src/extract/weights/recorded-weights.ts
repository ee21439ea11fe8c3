import { existsSync } from 'node:fs';
import type { MadeBy } from '../../features/manifest/manifest.ts';
import type { LoadWeightsOptions } from './load-weights.ts';

/** Which weights made a feature set, as `loadWeights` takes them. */
interface RecordedWeights {
  readonly spec: string;
  readonly options: Pick<LoadWeightsOptions, 'key' | 'seed' | 'variant'>;
}

type Recorded = Pick<MadeBy, 'weights' | 'weightsFile' | 'weightsKey' | 'weightsSeed' | 'weightsVariant'>;

/**
 * The weights that a feature set records, or those that are given instead. A network of a hub whose file is gone is asked
 * for again, at the same commit.
 */
export function recordedWeights(madeBy: Recorded, given?: string): RecordedWeights {
  const { weights, weightsFile, weightsKey, weightsSeed, weightsVariant } = madeBy;
  const isGone = weightsFile === undefined || !existsSync(weightsFile);
  const spec = given ?? (isGone && weights.startsWith('hf:') ? weights : (weightsFile ?? weights));
  // A graph's own file needs no variant to be found.
  const isFile = spec === weightsFile || spec.endsWith('.onnx');
  return { spec, options: { key: weightsKey, seed: weightsSeed, variant: isFile ? undefined : weightsVariant } };
}
