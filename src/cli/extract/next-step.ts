import type { ExtractResult } from '../../extract/extract.ts';
import { bestHead } from '../../predict/propose-heads.ts';
import { ownCommand } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';

/** The command that follows an extraction, and what to know before it is typed. */
export interface NextStep {
  readonly command: string;
  readonly note?: string;
}

/** Images with labels are there to train on; those without are there to be classified by a head that was trained before. */
export async function nextStep({ list, folder }: ExtractResult): Promise<NextStep> {
  const features = shortPath(folder);
  if (list.images.some(({ label }) => label !== undefined)) {
    return { command: ownCommand('classify', ['--features', features, '--model', 'all']) };
  }
  const head = await bestHead();
  const images = shortPath(list.root);
  if (head !== undefined) {
    return { command: ownCommand('predict', ['--head', head, images]), note: 'no image has a label' };
  }
  const note = 'no image has a label: predict classifies them, once classify has trained a head on images that have';
  return { command: ownCommand('predict', [images]), note };
}
