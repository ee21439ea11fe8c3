import { stringify } from 'csv-stringify/sync';
import type { LabelCheckFile } from '../classify/label-check/label-check-file.ts';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import type { HeldOutImage } from './analysis/held-out.ts';

/** Name of the list in a report's folder. */
export const suspectsFile = 'labels-to-check.csv';

/** A label that may be wrong, and what it may be instead. */
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

/** Of `classify --check-labels`: each image was held out once. */
export function suspectsOfCheck({ images }: LabelCheckFile): Suspect[] {
  return images
    .filter(({ suspected }) => suspected)
    .map(({ suspected: _, ...image }) => ({ ...image, timesSuggested: 1, timesHeldOut: 1 }));
}

/**
 * Labels to check as CSV, the likeliest to be wrong first: `label_probability` is what the head gives the label that is
 * there, `suggestion_probability` what it gives the class that it names instead, both while the image was held out.
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
