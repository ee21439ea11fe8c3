import { answerOptions, embedderOptions, headOption } from '../../predict/options.ts';
import { suggestOptions } from '../../suggest/options.ts';
import type { OptionValues } from '../../system/options.ts';
import { defineVerb, type Verb } from '../verb.ts';

const outOption = { describe: 'folder of suggestions.csv and its page', text: true, default: 'suggestions' } as const;

export type SuggestValues = OptionValues<
  typeof suggestOptions &
    typeof embedderOptions & { head: typeof headOption; out: typeof outOption; batch: (typeof answerOptions)['batch'] }
>;

/** Suggests which unlabelled photos to label next. */
export const suggestVerb: Verb = defineVerb({
  writes: { option: '--out FOLDER', goesOn: true },
  options: { head: headOption, ...suggestOptions, out: outOption, ...embedderOptions, batch: answerOptions.batch },
  run: async (asked, session) => {
    const { runSuggest } = await import('./run-suggest.ts');
    return runSuggest(asked, session);
  },
});
