import type { Report } from '../classify/result/report.ts';
import { type OwnTowerOptions, openOwnTower, wordsNetwork } from '../extract/words/own-tower.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { UserError } from '../system/errors.ts';
import { withOwnCommands } from '../system/own-command.ts';
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
  if (featureSet.parts === undefined && featureSet.madeBy === undefined) {
    throw new UserError({
      what: 'text cannot be compared with the rows of a matrix: it does not say which network they come from',
      where: featureSet.folder,
      expected: 'a feature set of a network with a text encoder, such as CLIP or SigLIP',
      fix: withOwnCommands(`featuretap extract --data FOLDER --weights ${wordsNetwork}`),
    });
  }
  const recipe = featureRecipe({ featureSet, report: featureSet.folder });
  const tower = await openOwnTower({ ...recipe, dims: featureSet.dims }, options);
  try {
    return await tower.encode(texts);
  } finally {
    await tower.close();
  }
}
