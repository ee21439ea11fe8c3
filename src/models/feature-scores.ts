import { foldScaling } from '../rows/scale.kernel.ts';
import type { LinearScores, SavedHead } from './model.ts';
import { headKinds } from './registry.ts';
import { savedScaling } from './scaling.ts';

/** A head's scores as sums over the features of a row as they are, before any scaling. */
interface FeatureScores extends LinearScores {
  /** The weighted sum is divided by the row's own length (`--scale l2`) before the bias is added. */
  readonly perLength: boolean;
}

/**
 * A saved head's scores as sums over unscaled features, its scaling folded into the weights: what a class activation map
 * is made of.
 *
 * @returns undefined for a head whose scores are no such sums: an SVM with the rbf kernel, a forest, neighbours, an MLP
 */
export async function featureScores(saved: SavedHead): Promise<FeatureScores | undefined> {
  const scores = await headKinds.find(({ model }) => model === saved.model)?.linearScores?.(saved);
  if (scores === undefined) return undefined;
  const { kind, offset, factor } = savedScaling(saved);
  if (offset.length === 0) return { ...scores, perLength: kind === 'l2' };
  const weights = scores.weights.slice();
  const bias = scores.bias.slice();
  foldScaling(weights, bias, offset, factor);
  return { weights, bias, perLength: false };
}
