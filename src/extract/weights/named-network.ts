import { usageError } from '../../system/errors.ts';
import { knownWeights } from './known-weights.ts';
import { packagedWeightsOf } from './packaged-weights.ts';
import { classCountOf } from './random/random-weights.ts';
import { type Architecture, architectures, isArchitecture } from './resnet.ts';

/** What a name says of its network before any weights are read. */
export interface NamedNetwork {
  readonly architecture: Architecture;
  /** Outputs of `fc`; undefined if it has none. */
  readonly classCount: number | undefined;
  /** Side of its input in pixels, if not torchvision's. */
  readonly crop?: number;
}

/**
 * The network of known weights (`resnet50-v2`, `demo-net`) or of `random[:ARCHITECTURE]`; undefined if `--weights` names a file.
 *
 * @throws a usage UserError if there is no such architecture
 */
export function namedNetwork(weights: string): NamedNetwork | undefined {
  const [name = '', architecture = 'resnet50'] = weights.split(':');
  if (name === 'random') {
    if (isArchitecture(architecture)) return { architecture, classCount: classCountOf(architecture) };
    throw usageError('--weights', weights, `random:${Object.keys(architectures).join(' | random:')}`);
  }
  const packaged = packagedWeightsOf(weights);
  if (packaged !== undefined)
    return { architecture: packaged.architecture, classCount: undefined, crop: packaged.crop };
  if (!Object.hasOwn(knownWeights, weights)) return undefined;
  const known = weights.replace(/-v2$/, '') as Architecture;
  return { architecture: known, classCount: classCountOf(known) };
}
