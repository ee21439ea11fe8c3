import type { Report } from '../classify/result/report.ts';
import { type OwnTowerOptions, openOwnTower } from '../extract/words/own-tower.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { featureRecipe } from './embedder.ts';

/**
 * Unit embeddings of texts in the space of a feature set, by its network's text encoder.
 *
 * @returns [texts, dims]
 * @throws UserError if the set's network has no text encoder, or its rows are not image embeddings
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
