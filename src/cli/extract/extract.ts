import type { Argv } from 'yargs';
import type { Verb } from '../verb.ts';
import { withExtractOptions } from './extract-options.ts';

/** Extract: run a frozen network over a folder of images once and keep what enters its average pool. */
export const extractVerb: Verb = {
  writes: { option: '--cache FOLDER', goesOn: true },
  options: (yargs: Argv): Argv =>
    withExtractOptions(yargs)
      .option('explain', {
        type: 'boolean',
        describe: 'compute nothing: say what would be computed, why, and how long',
      })
      .option('prune', { type: 'boolean', describe: 'write shards again without the rows of images that are gone' })
      .option('rehash', {
        type: 'boolean',
        describe: "read every file's bytes again, whatever its size and times say",
      })
      .option('part', {
        type: 'string',
        describe: 'one of N parts, for a cluster: k/N with k from 0; auto or auto/N in a Slurm array or an indexed Job',
      }),
  run: async (options, session) => {
    const { runExtract } = await import('./run-extract.ts');
    return runExtract(options, session);
  },
};
