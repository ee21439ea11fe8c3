import { isTrainable } from '../../extract/backbone/resnet-tail.ts';
import type { ExtractResult } from '../../extract/extract.ts';
import type { ImageFile } from '../../extract/images/list/image-file.ts';
import { bestHead } from '../../predict/propose-heads.ts';
import { smallestFraction } from '../../split/split.ts';
import { ownCommand } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';

/** The command that follows an extraction, and what to know before it is typed. */
export interface NextStep {
  readonly command: string;
  readonly note?: string;
}

/** Default share of held-out rows. */
const usualTestSize = 0.1;

/** Labelled images are for training; others are classified by an existing head. */
export async function nextStep(results: readonly [ExtractResult, ...ExtractResult[]]): Promise<NextStep> {
  const [{ list, manifest }] = results;
  const features = results.flatMap(({ folder }) => ['--features', shortPath(folder)]);
  if (list.images.some(({ label }) => label !== undefined)) {
    // Missing images are not among those listed.
    const { duplicate, unreadable, failed } = manifest.counts;
    const withoutRow = duplicate + unreadable + failed;
    const { fields, rowShape } = manifest;
    const { architecture, tap } = fields;
    // Other heads would train on millions of numbers per photo.
    const model = results.length === 1 && rowShape.length === 3 && isTrainable(architecture, tap) ? 'finetune' : 'all';
    const drawing = list.images.some(({ split }) => split !== undefined) ? [] : drawOptions(list.images, withoutRow);
    return { command: ownCommand('classify', [...features, '--model', model, ...drawing]) };
  }
  const head = await bestHead(undefined, manifest.fingerprint);
  const images = shortPath(list.root);
  if (head !== undefined) {
    return { command: ownCommand('predict', ['--head', head, images]), note: 'no image has a label' };
  }
  const [first] = list.images;
  const photo = first === undefined || first.entry !== undefined ? 'PHOTO' : shortPath(first.path);
  return {
    command: ownCommand('find', [photo, ...features]),
    note:
      'no image has a label, and no head was trained on such features: find searches these images; ' +
      'classify trains a head on images with labels: a folder for each class, or a table (--labels)',
  };
}

/**
 * Options that classify needs to draw a split of these images: a class of one image cannot be on both sides, and a
 * tenth of few images does not contain every class.
 */
export function drawOptions(images: readonly Pick<ImageFile, 'label'>[], withoutRow: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const { label } of images) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  const kept = [...counts.values()].filter((count) => count > 1);
  const small = kept.length < counts.size && kept.length > 1 ? ['--min-images', '2'] : [];
  const rows = kept.reduce((sum, count) => sum + count, 0);
  // A lower bound: a size that works for it works for more.
  const fewest = Math.max(rows - withoutRow, 2 * kept.length);
  if (kept.length < 2 || Math.ceil(usualTestSize * fewest) >= kept.length) return small;
  return [...small, '--test-size', String(smallestFraction(kept.length, fewest))];
}
