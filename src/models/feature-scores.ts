import { foldScaling } from '../rows/scale.kernel.ts';
import type { LinearScores, SavedHead } from './model.ts';
import { headKinds } from './registry.ts';
import { savedScaling } from './scaling.ts';

/** A head's scores as linear functions of the unscaled features. */
interface FeatureScores extends LinearScores {
  /** Whether the weighted sum is divided by the row's L2 norm (`--scale l2`) before the bias is added. */
  readonly perLength: boolean;
}

/**
 * A saved head's scores as linear functions of the unscaled features, with the scaling folded into the weights, for
 * class activation maps.
 *
 * @returns undefined for a non-linear head: an SVM with the rbf kernel, a forest, nearest neighbours, an MLP
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
