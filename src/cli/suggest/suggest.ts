import { embedderOptions, headOption, sayingOptions } from '../../predict/options.ts';
import { choices } from '../../suggest/rank/choose.ts';
import type { OptionValues } from '../../system/options.ts';
import { defineVerb, type Verb } from '../verb.ts';

const ownOptions = {
  from: {
    describe: 'folder or archive of unlabelled photos; folder names are ignored',
    text: true,
  },
  count: { describe: 'photos to suggest', numbers: { min: 1, whole: true }, default: 50 },
  by: {
    describe:
      'the smallest margins between two classes (margin), or a diverse subset of three times as many (margin-k-center)',
    words: choices as typeof choices,
    default: 'margin-k-center',
  },
  out: { describe: 'folder of suggestions.csv and its page', text: true, default: 'suggestions' },
  cache: { describe: 'folder of the feature sets', text: true, default: 'cache' },
  name: { describe: 'of the feature set of the photos', text: true, unset: "the folder's name and -unlabelled" },
  device: {
    describe: 'where the network runs',
    words: ['auto', 'cpu', 'cuda', 'webgpu'],
    unset: "the CPU where it made the head's features, else auto",
  },
} as const;

export type SuggestValues = OptionValues<
  typeof ownOptions & typeof embedderOptions & { head: typeof headOption; batch: (typeof sayingOptions)['batch'] }
>;

/** Suggest: which photos without labels to label next. */
export const suggestVerb: Verb = defineVerb({
  writes: { option: '--out FOLDER', goesOn: true },
  options: { head: headOption, ...ownOptions, ...embedderOptions, batch: sayingOptions.batch },
  run: async (asked, session) => {
    const { runSuggest } = await import('./run-suggest.ts');
    return runSuggest(asked, session);
  },
});
