import { findOptions } from '../../predict/options.ts';
import type { OptionValues } from '../../system/options.ts';
import { defineVerb, type Verb } from '../verb.ts';

const ownOptions = {
  query: {
    describe: "text ('brown dog on grass'), for a set of a network with a text encoder, or a photo",
    text: true,
    positional: true,
  },
  features: { describe: 'the feature set to look in', text: true, unset: 'the newest in cache' },
  page: { describe: 'an HTML file to write, with the photos themselves', text: true },
} as const;

export type FindValues = OptionValues<typeof ownOptions & typeof findOptions>;

/** Finds the photos of a feature set nearest to a text or a photo. */
export const findVerb: Verb = defineVerb({
  writes: { option: '--page FILE.html', file: 'found.html' },
  options: { ...ownOptions, ...findOptions },
  run: async (asked, session) => {
    const { runFind } = await import('./run-find.ts');
    return runFind(asked, session);
  },
});
