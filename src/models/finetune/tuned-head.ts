import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { transpose } from '../../numerics/arrays.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import { checkFeatures } from '../checks.ts';
import { fittedHead, predictRows } from '../fitted-head.ts';
import { softmaxHead } from '../linear-head.ts';
import type { FitContext, FitFacts, FittedHead } from '../model.ts';
import { foldedTensors } from './network/fold.ts';
import type { GraphTensors } from './network/layout.ts';
import { featureCountOf } from './network/tail.ts';
import { pooledFeatures } from './pooled-features.ts';
import { networkJson, savedTensors, type TunedNetwork } from './saved-network.ts';

/** A fine-tuned network as a head: from feature maps of the tap to probabilities. */
export function tunedHead({ tail, tensors }: TunedNetwork, facts: FitFacts, threads: number): FittedHead {
  const { classes, iterations, details, dims } = facts;
  const features = featureCountOf(tail);
  const last = softmaxHead({
    ...facts,
    dims: features,
    weights: transposed(lookUp(tensors, 'fc.weight'), classes.length, features),
    bias: lookUp(tensors, 'fc.bias'),
    threads,
  });
  // Created at the first prediction: a head that is only saved does not need it.
  let folded: GraphTensors | undefined;
  return fittedHead({
    ...facts,
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

export interface HeldOutFigures {
  /** Weighted mean cross-entropy without label smoothing. */
  readonly heldLoss: number;
  readonly heldAccuracy: number;
}

/** Clipping as in scikit-learn's log_loss, so that a confidently wrong row does not make the loss infinite. */
const smallestProbability = 1e-15;

export async function heldOutFigures(
  network: TunedNetwork,
  { features, labels, classes, sampleWeights }: Table<RowSource>,
  { threads, signal }: FitContext,
): Promise<HeldOutFigures> {
  const plain = {
    model: 'finetune',
    solver: '',
    params: {},
    details: {},
    warnings: [],
    converged: true,
    iterations: 0,
  };
  const head = tunedHead(network, { ...plain, classes, dims: features.columnCount }, threads);
  let [loss, weightSum, correct] = [0, 0, 0];
  await predictRows(head, features, { signal }, (places, { probabilities }) => {
    const found = largestPerRow(probabilities.data, classes.length);
    found.forEach((guess, i) => {
      const row = places?.[i] ?? i;
      const label = valueAt(labels, row);
      const weight = sampleWeights?.[row] ?? 1;
      const probability = valueAt(probabilities.data, i * classes.length + label);
      loss -= weight * Math.log(Math.max(smallestProbability, probability));
      weightSum += weight;
      if (guess === label) correct++;
    });
  });
  return { heldLoss: loss / weightSum, heldAccuracy: correct / labels.length };
}
