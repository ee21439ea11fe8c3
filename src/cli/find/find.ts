import type { Verb } from '../verb.ts';

/** Find: the photos of a feature set that are nearest to words or to a photo. */
export const findVerb: Verb = {
  writes: { option: '--page FILE.html' },
  options: (yargs) =>
    yargs
      .positional('query', {
        type: 'string',
        describe: "words, for a set that a network with a text tower made ('brown dog on grass'), or a photo",
      })
      .option('features', { type: 'string', describe: 'the feature set to look in [the newest in cache]' })
      .option('count', { type: 'string', describe: 'photos to list [20]' })
      .option('page', { type: 'string', describe: 'an HTML file to write, with the photos themselves' })
      .option('threads', { type: 'string', describe: 'threads of the network and of the search [all cores]' }),
  run: async (options, session) => {
    const { runFind } = await import('./run-find.ts');
    return runFind(options, session);
  },
};
