import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { predictRows } from '../fitted-head.ts';
import type { FitContext } from '../model.ts';
import type { TunedNetwork } from './saved-network.ts';
import { tunedHead } from './tuned-head.ts';

/** A network's figures on the validation set. */
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
  const facts = { solver: '', params: {}, classes, iterations: 0, warnings: [], details: {}, threads };
  const head = tunedHead(network, facts);
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
