import { counted } from '../../system/printable.ts';
import { featureRecipes } from '../embedder.ts';
import type { ShippedHead } from '../load-head.ts';
import { type EvidenceMaps, openEvidence } from './evidence.ts';

/** As `openEvidence`, for the head of a report. @param tapShape shape of the tap for one image, from the embedder */
export async function evidenceOfHead(
  { saved, report }: Pick<ShippedHead, 'saved' | 'report'>,
  tapShape: readonly number[],
): Promise<EvidenceMaps | string> {
  const [recipe, ...others] = featureRecipes(report);
  if (recipe !== undefined && others.length === 0) return openEvidence(saved, recipe.fields, tapShape);
  return `its features are those of ${counted(1 + others.length, 'network')}, each scaled by its own norm, so they have no single class activation map`;
}
