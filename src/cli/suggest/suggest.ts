import { choices } from '../../suggest/rank/choose.ts';
import type { Verb } from '../verb.ts';

/** Suggest: which photos without labels to label next. */
export const suggestVerb: Verb = {
  writes: { option: '--out FOLDER', goesOn: true },
  options: (yargs) =>
    yargs
      .option('head', { type: 'string', describe: 'folder of a report, as classify writes it' })
      .option('from', {
        type: 'string',
        describe: 'folder or archive of photos without labels; what its folders are called says nothing',
      })
      .option('count', { type: 'string', describe: 'photos to suggest', default: '50' })
      .option('by', {
        type: 'string',
        describe: `${choices.join(' | ')}: the smallest margins between two classes, and of three times as many such as are unlike each other`,
        default: choices[0],
      })
      .option('out', { type: 'string', describe: 'folder of suggestions.csv and its page', default: 'suggestions' })
      .option('cache', { type: 'string', describe: 'where feature sets live', default: 'cache' })
      .option('name', {
        type: 'string',
        describe: "of the feature set of the photos [the folder's name and -unlabelled]",
      })
      .option('weights', { type: 'string', describe: "where the backbone's weights lie now, if they were moved" })
      .option('seed', { type: 'string', describe: "of random weights [the feature set's]" })
      .option('device', {
        type: 'string',
        describe: "auto | cpu | cuda | webgpu [the CPU where it made the head's features, else auto]",
      })
      .option('batch', { type: 'string', describe: 'images per run of the network', default: '8' })
      .option('threads', { type: 'string', describe: 'upper bound; changes no number (default: all cores)' }),
  run: async (options, session) => {
    const { runSuggest } = await import('./run-suggest.ts');
    return runSuggest(options, session);
  },
};
