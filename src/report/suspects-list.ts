import { stringify } from 'csv-stringify/sync';
import type { HeldOutImage } from './analysis/held-out.ts';

/** Name of the list in a report's folder. */
export const suspectsFile = 'labels-to-check.csv';

/**
 * Labels to check as CSV, the likeliest to be wrong first: `label_probability` is what the head gives the label that is
 * there, `suggested_probability` what it gives the class that it names instead, both while the image was held out.
 */
export function suspectsList(suspects: readonly HeldOutImage[]): string {
  return stringify([
    ['id', 'label', 'suggested', 'label_probability', 'suggested_probability', 'times_suggested', 'times_held_out'],
    ...suspects.map((image) => [
      image.id,
      image.trueClass,
      image.predictedClass,
      image.trueConfidence.toFixed(4),
      image.confidence.toFixed(4),
      image.timesPredicted,
      image.timesHeldOut,
    ]),
  ]);
}
