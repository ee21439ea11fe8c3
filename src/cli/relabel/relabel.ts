import type { OptionValues } from '../../system/options.ts';
import { defineVerb, type Verb } from '../verb.ts';

const options = {
  corrections: {
    describe:
      "labels-to-check.csv of a report, the page's selected-photos.csv, or a table with id and correction, without the lines whose labels are right",
    text: true,
    positional: true,
  },
  features: {
    describe: 'the feature set whose data folder is corrected',
    text: true,
    unset: 'that of the report beside the list, else the newest in cache',
  },
  labels: { describe: 'the table to correct', text: true, unset: "the data folder's own" },
  idColumn: { describe: 'its column of ids', text: true, unset: 'by its name, and by what it holds' },
  labelColumn: { describe: 'its column of labels', text: true, unset: 'by its name, and by what it holds' },
  to: {
    describe: 'a labels file of its own, in the place of the table',
    text: true,
    unset: 'where folders say the classes, NAME-labels.csv',
  },
  newLabels: { describe: 'take labels that no image has yet', flag: true },
  write: { describe: 'change the labels; without it nothing is written', flag: true },
} as const;

export type RelabelValues = OptionValues<typeof options>;

/** Applies a list of corrections to the labels. */
export const relabelVerb: Verb = defineVerb({
  writes: { option: '--to FILE.csv', file: 'labels.csv' },
  options,
  run: async (asked, session) => {
    const { runRelabel } = await import('./run-relabel.ts');
    return runRelabel(asked, session);
  },
});
