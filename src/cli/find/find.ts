import type { OptionValues } from '../../system/options.ts';
import { defineVerb, type Verb } from '../verb.ts';

const options = {
  query: {
    describe: "text ('brown dog on grass'), for a set of a network with a text encoder, or a photo",
    text: true,
    positional: true,
  },
  features: { describe: 'the feature set to look in', text: true, unset: 'the newest in cache' },
  count: { describe: 'photos to list', numbers: { whole: true, min: 1, max: 10_000 }, default: 20 },
  page: { describe: 'an HTML file to write, with the photos themselves', text: true },
  threads: {
    describe: 'threads of the network and of the search',
    numbers: { whole: true, min: 1, max: 1024 },
    unset: 'all cores',
  },
} as const;

export type FindValues = OptionValues<typeof options>;

/** Find: the photos of a feature set that are nearest to words or to a photo. */
export const findVerb: Verb = defineVerb({
  writes: { option: '--page FILE.html', file: 'found.html' },
  options,
  run: async (asked, session) => {
    const { runFind } = await import('./run-find.ts');
    return runFind(asked, session);
  },
});
