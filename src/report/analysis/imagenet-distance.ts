import { addRowVector } from '../../numerics/linear-loss.kernel.ts';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';

/** How different photos are from those of ImageNet. */
export interface ImageNetDistance {
  readonly answer: 'near' | 'between' | 'far';
  /** Standard deviations by which a photo's largest class score exceeds its mean score: the median over photos. */
  readonly deviations: number;
}

export const imageNetClasses = 1000;
/** Medians of photos of dogs and of drawn textures with a ResNet50 (docs/finetune.md). */
export const measuredDeviations: { readonly dogs: number; readonly textures: number } = { dogs: 6.4, textures: 3.6 };
/** Expected value for 1,000 independent normal scores. */
export const chanceDeviations = 3.2;
/** A third of the way from each measured median to the other. */
const [far, near] = [4.5, 5.5] as const;

/**
 * Distance of photos from ImageNet by the largest class score of the network's last layer (Hendrycks et al., "Scaling
 * Out-of-Distribution Detection for Real-World Settings", 2022), standardized over the scores of the photo, so that it
 * does not depend on their scale or on a temperature.
 *
 * @param features output of the average pool, [photos, features]
 * @param weight of the last layer, [classes, features]
 * @param bias [classes]
 * @returns undefined if the last layer is not ImageNet's, the features do not fit it, or there is no photo
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
    return variance > 0 ? (scores.reduce((most, score) => Math.max(most, score)) - mean) / Math.sqrt(variance) : 0;
  });
  found.sort((a, b) => a - b);
  const deviations = (valueAt(found, (rowCount - 1) >> 1) + valueAt(found, rowCount >> 1)) / 2;
  return { deviations, answer: deviations < far ? 'far' : deviations < near ? 'between' : 'near' };
}
