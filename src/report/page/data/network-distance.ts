import { existsSync } from 'node:fs';
import { loadWeights } from '../../../extract/weights/load-weights.ts';
import { recordedWeights } from '../../../extract/weights/recorded-weights.ts';
import type { FeatureSet } from '../../../features/reader.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { type ImageNetDistance, imageNetDistance } from '../../analysis/imagenet-distance.ts';

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
    const { rows } = set;
    const count = Math.min(mostPhotos, rows.length);
    const own = Array.from({ length: count }, (_, i) => valueAt(rows, Math.floor((i * rows.length) / count)));
    return await imageNetDistance(await set.readMatrix(own), weight, bias);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
