import { extractOptions, wholeSetOptions } from '../../extract/options.ts';
import { defineVerb, type Verb } from '../verb.ts';

/** Runs a frozen network over a folder of images and keeps its features. */
export const extractVerb: Verb = defineVerb({
  writes: { option: '--cache FOLDER', goesOn: true },
  options: {
    ...extractOptions,
    explain: { describe: 'dry run: what would be computed, why, and how long it would take', flag: true },
    ...wholeSetOptions,
    part: {
      describe: 'one of N parts, for a cluster: k/N with k from 0; auto or auto/N in a Slurm array or an indexed Job',
      text: true,
    },
  },
  run: async (asked, session) => {
    const { runExtract } = await import('./run-extract.ts');
    return runExtract(asked, session);
  },
});
