import type { Verb } from '../verb.ts';

/** Relabel: apply a list of corrections to the labels, not to the photos. */
export const relabelVerb: Verb = {
  writes: { option: '--to FILE.csv' },
  options: (yargs) =>
    yargs
      .positional('corrections', {
        type: 'string',
        describe:
          "labels-to-check.csv of a report, the page's selected-photos.csv, or a table with id and correction, once the lines that are wrong were taken out",
      })
      .option('features', {
        type: 'string',
        describe: 'the feature set whose data folder is corrected [the newest in cache]',
      })
      .option('labels', { type: 'string', describe: "the table to correct [the data folder's own]" })
      .option('id-column', { type: 'string', describe: 'its column of ids [by its name, and by what it holds]' })
      .option('label-column', { type: 'string', describe: 'its column of labels [by its name, and by what it holds]' })
      .option('to', {
        type: 'string',
        describe:
          'a labels file of its own, in the place of the table [where folders say the classes: NAME-labels.csv]',
      })
      .option('new-labels', { type: 'boolean', describe: 'take labels that no image has yet' })
      .option('write', { type: 'boolean', describe: 'change the labels; without it nothing is written' }),
  run: async (options, session) => {
    const { runRelabel } = await import('./run-relabel.ts');
    return runRelabel(options, session);
  },
};
