import { existsSync } from 'node:fs';
import { loadWeights } from '../../extract/weights/load-weights.ts';
import { recordedWeights } from '../../extract/weights/recorded-weights.ts';
import type { FeatureSet } from '../../features/reader.ts';
import { addRowVector } from '../../numerics/linear-loss.kernel.ts';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { evenlySpaced } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';

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

/** Number of sampled photos: the standard error of the median is about a tenth of the spread. */
const mostPhotos = 200;

/**
 * Distance of a feature set's photos from ImageNet, by the last layer of its network. Downloads nothing.
 *
 * @returns undefined if unknown: another tap, missing weights, or a last layer without ImageNet's classes
 */
export async function networkDistance(set: FeatureSet): Promise<ImageNetDistance | undefined> {
  const { fields, madeBy } = set.manifest;
  if (fields.tap !== 'avgpool' || fields.pool !== 'mean') return undefined;
  if (madeBy.weightsFile === undefined || !existsSync(madeBy.weightsFile)) return undefined;
  try {
    const { spec, options } = recordedWeights(madeBy, madeBy.weightsFile);
    const loaded = await loadWeights(spec, { ...options, offline: true });
    if (loaded.kind !== 'state-dict' || loaded.stateDict.sha256 !== fields.weightsSha256) return undefined;
    const [weight, bias] = ['fc.weight', 'fc.bias'].map((name) => loaded.stateDict.tensors.get(name)?.data);
    if (weight === undefined || bias === undefined) return undefined;
    const own = evenlySpaced(Int32Array.from(set.rows), mostPhotos);
    return await imageNetDistance(await set.readMatrix(Uint32Array.from(own)), weight, bias);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
