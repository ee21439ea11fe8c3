import type { Report } from '../classify/result/report.ts';
import { type OwnTowerOptions, openOwnTower } from '../extract/words/own-tower.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { featureRecipe } from './embedder.ts';

/**
 * Texts as vectors of length 1 among the images' of a feature set, by the text encoder of the network that made it.
 *
 * @returns [texts, dims]
 * @throws UserError if the set's network knows no words, or the set keeps something else than its images' vectors
 */
export async function encodeWords(
  featureSet: Report['featureSet'],
  texts: readonly string[],
  options: OwnTowerOptions = {},
): Promise<Matrix> {
  const recipe = featureRecipe({ featureSet, report: featureSet.folder });
  const tower = await openOwnTower({ ...recipe, dims: featureSet.dims }, options);
  try {
    return await tower.encode(texts);
  } finally {
    await tower.close();
  }
}
