import { headKinds } from '../../models/registry.ts';
import type { Verb } from '../verb.ts';
import { dataOptions } from './classify-data.ts';
import { headOptions } from './head-options.ts';

const modelNames = headKinds.map((kind) => kind.model).join(' | ');

export const classifyVerb: Verb = {
  writes: { option: '--out FOLDER' },
  options: (yargs) =>
    headOptions(
      dataOptions(yargs.option('model', { type: 'string', array: true, describe: `${modelNames}, repeatable, or all` }))
        .option('seed', { type: 'string', describe: 'of the splits and of every draw (default 0)' })
        .option('learning-curve', {
          type: 'boolean',
          describe: 'fit on an eighth, a quarter and a half of the training rows too: would more photos help?',
        })
        .option('check-labels', {
          type: 'boolean',
          describe: 'look at the label of every image, by the cheapest good head and five folds: which may be wrong?',
        })
        .option('out', { type: 'string', describe: 'folder of reports (default: reports)' })
        .option('threads', { type: 'string', describe: 'upper bound; changes no number (default: all cores)' }),
    ),
  run: async (options, session) => {
    const { runClassify } = await import('./run-classify.ts');
    return runClassify(options, session);
  },
};
