import { stringify } from 'csv-stringify/sync';
import type { LabelCheckFile } from '../classify/label-check/label-check-file.ts';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import type { HeldOutImage } from './analysis/held-out.ts';

export const suspectsFile = 'labels-to-check.csv';

/** A possible label error, and the suggested class. */
export interface Suspect {
  readonly id: string;
  readonly label: string;
  readonly suggestion: string;
  readonly labelProbability: number;
  readonly suggestionProbability: number;
  readonly timesSuggested: number;
  readonly timesHeldOut: number;
}

export function suspectsOf(images: readonly HeldOutImage[]): Suspect[] {
  return images.map((image) => ({
    id: image.id,
    label: image.trueClass,
    suggestion: image.predictedClass,
    labelProbability: image.trueConfidence,
    suggestionProbability: image.confidence,
    timesSuggested: image.timesPredicted,
    timesHeldOut: image.timesHeldOut,
  }));
}

/** From `classify --check-labels`, where each image was held out once. */
export function suspectsOfCheck({ images }: LabelCheckFile): Suspect[] {
  return images
    .filter(({ suspected }) => suspected)
    .map(({ suspected: _, ...image }) => ({ ...image, timesSuggested: 1, timesHeldOut: 1 }));
}

/**
 * Labels to check as CSV, most likely errors first: `label_probability` and `suggestion_probability` are the held-out
 * probabilities of the label and of the suggested class.
 */
export function suspectsList(suspects: readonly Suspect[]): string {
  return stringify([
    ['id', 'label', 'suggestion', 'label_probability', 'suggestion_probability', 'times_suggested', 'times_held_out'],
    ...suspects.map((image) => [
      forSpreadsheet(image.id),
      forSpreadsheet(image.label),
      forSpreadsheet(image.suggestion),
      image.labelProbability.toFixed(4),
      image.suggestionProbability.toFixed(4),
      image.timesSuggested,
      image.timesHeldOut,
    ]),
  ]);
}
