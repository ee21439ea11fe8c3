import { addRowVector } from '../../numerics/linear-loss.kernel.ts';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';

/** How far photos are from those that a network learned its 1,000 classes from. */
export interface ImageNetDistance {
  readonly answer: 'near' | 'between' | 'far';
  /** Standard deviations by which the largest class score of a photo stands above its mean score: the median photo's. */
  readonly deviations: number;
}

/** Scores for ImageNet's classes. */
export const imageNetClasses = 1000;
/** Medians of photos of dogs and of drawn textures with a ResNet50 (docs/finetune.md). */
export const measuredDeviations: { readonly dogs: number; readonly textures: number } = { dogs: 6.4, textures: 3.6 };
/** What the largest of 1,000 normal numbers has by chance. */
export const chanceDeviations = 3.2;
/** A third of the way from each measured median to the other. */
const [far, near] = [4.5, 5.5] as const;

/**
 * How much one of the network's own classes stands out among all, as a measure of how far photos are from ImageNet: the
 * largest class score (Hendrycks et al., "Scaling Out-of-Distribution Detection for Real-World Settings", 2022), less the
 * mean of the photo's scores and over their standard deviation, so that neither the size of the scores nor a temperature
 * counts.
 *
 * @param features what the average pool gave, [photos, features]
 * @param weight of the network's own last layer, [classes, features]
 * @param bias [classes]
 * @returns undefined for a last layer that is not ImageNet's, other features, or no photo
 */
export async function imageNetDistance(
  features: Matrix,
  weight: Float32Array,
  bias: Float32Array,
): Promise<ImageNetDistance | undefined> {
  const { rowCount, columnCount } = features;
  if (bias.length !== imageNetClasses || weight.length !== imageNetClasses * columnCount || rowCount === 0) {
    return undefined;
  }
  const classes = { rowCount: imageNetClasses, columnCount, data: weight };
  const { data } = await multiplyTransposed(features, classes, { threads: 1 });
  addRowVector(data, bias);
  const found = Array.from({ length: rowCount }, (_, row) => {
    const scores = data.subarray(row * imageNetClasses, (row + 1) * imageNetClasses);
    const mean = scores.reduce((sum, score) => sum + score, 0) / imageNetClasses;
    const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / imageNetClasses;
    // Equal scores: nothing stands out.
    return variance > 0 ? (scores.reduce((most, score) => Math.max(most, score)) - mean) / Math.sqrt(variance) : 0;
  });
  found.sort((a, b) => a - b);
  const deviations = (valueAt(found, (rowCount - 1) >> 1) + valueAt(found, rowCount >> 1)) / 2;
  return { deviations, answer: deviations < far ? 'far' : deviations < near ? 'between' : 'near' };
}
