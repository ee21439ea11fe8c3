import { transpose } from '../../numerics/arrays.kernel.ts';
import { checkFeatures } from '../checks.ts';
import { fittedHead } from '../fitted-head.ts';
import { softmaxHead } from '../linear-head.ts';
import type { FittedHead, Json } from '../model.ts';
import { foldedTensors } from './network/fold.ts';
import type { GraphTensors } from './network/layout.ts';
import { featureCountOf } from './network/tail.ts';
import { pooledFeatures } from './pooled-features.ts';
import { networkJson, savedTensors, type TunedNetwork, tensorOf } from './saved-network.ts';

/** Results of a fit besides the network. */
interface TunedFacts {
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly classes: readonly string[];
  readonly iterations: number;
  readonly warnings: readonly string[];
  readonly details: Readonly<Record<string, Json>>;
  readonly threads: number;
}

/** A fine-tuned network as a head: from feature maps of the tap to probabilities. */
export function tunedHead({ tail, tensors }: TunedNetwork, facts: TunedFacts): FittedHead {
  const { solver, params, classes, iterations, warnings, details, threads } = facts;
  const dims = tail.mapShape.reduce((product, side) => product * side, 1);
  const features = featureCountOf(tail);
  const last = softmaxHead({
    model: 'finetune',
    ...{ solver, params, classes, iterations, warnings: [], details: {}, threads },
    dims: features,
    weights: transposed(tensorOf(tensors, 'fc.weight'), classes.length, features),
    bias: tensorOf(tensors, 'fc.bias'),
    converged: true,
  });
  // Created at the first prediction: a head that is only saved does not need it.
  let folded: GraphTensors | undefined;
  return fittedHead({
    model: 'finetune',
    ...{ solver, params, classes, dims, iterations, warnings, details },
    converged: true,
    calibrated: false,
    predictBoth: async (maps, options) => {
      checkFeatures(maps, dims, 'finetune');
      folded ??= foldedTensors(tail, tensors);
      const pooled = await pooledFeatures(tail, folded, maps, { threads, signal: options?.signal });
      return last.predictBoth(pooled, options);
    },
    savedDetails: { ...details, iterations, network: networkJson(tail) },
    arrays: () => savedTensors(tail, tensors, classes.length),
  });
}

/** [rows, columns] -> [columns, rows]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return transpose(values, rows, columns, new Float32Array(values.length));
}
