import type { Argv } from 'yargs';
import { mergeParts, PartsMissingError } from '../cluster/merge/merge.ts';
import { readExtractOptions, withExtractOptions } from './extract-options.ts';
import { shortPath } from './extract-output.ts';
import { nextCommand } from './next-command.ts';
import { flag, number } from './options.ts';
import type { Verb } from './verb.ts';

/** Merge: put the parts that `extract --part` made together, as one machine would have made the set. */
export const mergeVerb: Verb = {
  command: 'merge',
  describe: 'check the parts of a feature set and put them together',
  options: (yargs: Argv): Argv =>
    withExtractOptions(yargs)
      .option('parts', { type: 'string', describe: 'how many there must be [as those that are there say]' })
      .option('wait', { type: 'boolean', describe: 'wait until every part is complete' })
      .option('keep-parts', { type: 'boolean', describe: 'leave the parts where they are' }),
  run: async (options, session) => {
    const { extraction } = readExtractOptions(options);
    const parts = number(options, 'parts', { whole: true, min: 1, max: 100_000 });
    try {
      const result = await mergeParts({
        ...extraction,
        ...(parts === undefined ? {} : { parts }),
        wait: flag(options, 'wait'),
        signal: session.signal,
        onNote: session.note,
        keepParts: flag(options, 'keep-parts'),
        command: session.command,
      });
      const { folder, manifest, newImages, keptImages, partCount } = result;
      const next = nextCommand('classify', ['--features', shortPath(folder), '--model', 'all']);
      session.printJson({ featureSet: folder, parts: partCount, newImages, keptImages, counts: manifest.counts, next });
      session.print(`${shortPath(folder)}: ${partCount} parts merged: ${newImages} new, ${keptImages} kept`);
      session.print(`next: ${next}`);
      return 0;
    } catch (error) {
      if (error instanceof PartsMissingError) {
        const { missing, damaged, array } = error;
        session.printJson({ complete: false, missing, damaged, array });
      }
      throw error;
    }
  },
};
