import type { Argv } from 'yargs';
import { type MergeResult, mergeParts } from '../cluster/merge/merge.ts';
import { PartsMissingError } from '../cluster/merge/part-problems.ts';
import { waitForParts } from '../cluster/merge/wait-for-parts.ts';
import { mostParts } from '../cluster/part.ts';
import { countOfParts } from '../cluster/status.ts';
import { featureFolder } from '../extract/extract.ts';
import { nodeFiles } from '../features/files.ts';
import { readExtractOptions, withExtractOptions } from './extract-options.ts';
import { describeCounts, describeSet, shortPath } from './extract-output.ts';
import { nextCommand } from './next-command.ts';
import { flag, number, text } from './options.ts';
import { openProgress } from './progress-bar.ts';
import type { Session, Verb } from './verb.ts';

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
    const set = featureFolder(extraction);
    const data = text(options, 'data');
    const { signal, command } = session;
    const asked = number(options, 'parts', { whole: true, min: 1, max: mostParts });
    const partCount = asked ?? (await countOfParts(nodeFiles, set));
    const progress = openProgress(session);
    try {
      if (flag(options, 'wait'))
        await waitForParts(nodeFiles, set, partCount, { command, signal, onNote: session.note });
      const result = await mergeParts({
        set,
        partCount,
        ...(data === undefined ? {} : { data }),
        replace: flag(options, 'replace'),
        keepParts: flag(options, 'keep-parts'),
        command,
        signal,
        onProgress: progress.onProgress,
        onWarning: session.warn,
      });
      progress.close();
      printMerged(result, partCount, session);
      return 0;
    } catch (error) {
      if (error instanceof PartsMissingError) {
        const { missing, damaged, array } = error;
        session.printJson({ featureSet: set, parts: partCount, merged: false, missing, damaged, array });
      }
      throw error;
    } finally {
      progress.close();
    }
  },
};

function printMerged({ folder, manifest, newImages, keptImages }: MergeResult, parts: number, session: Session): void {
  const { fingerprint, counts, rowCount, rowShape, fields } = manifest;
  const next = nextCommand('classify', ['--features', shortPath(folder), '--model', 'all']);
  session.printJson({
    featureSet: folder,
    parts,
    merged: true,
    fingerprint,
    newImages,
    keptImages,
    counts,
    rowCount,
    rowShape,
    dtype: fields.dtype,
    next,
  });
  session.print(describeSet(folder, manifest));
  session.print(`${parts} parts merged: ${newImages} new, ${keptImages} kept; ${describeCounts(counts)}`);
  session.print(`next: ${next}`);
}
