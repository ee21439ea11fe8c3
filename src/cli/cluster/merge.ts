import type { Argv } from 'yargs';
import { type AskedFields, type MergeResult, mergeParts } from '../../cluster/merge/merge.ts';
import { mergedBefore } from '../../cluster/merge/merged-before.ts';
import { PartsMissingError } from '../../cluster/merge/part-problems.ts';
import { waitForParts } from '../../cluster/merge/wait-for-parts.ts';
import { listParts } from '../../cluster/records/layout.ts';
import { mostParts } from '../../cluster/records/part.ts';
import { countOfParts } from '../../cluster/status/status.ts';
import { type Files, nodeFiles } from '../../system/files.ts';
import { ownCommand } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';
import { type AskedExtract, readExtractOptions, withExtractOptions } from '../extract/extract-options.ts';
import { describeCounts, describeSet } from '../extract/extract-output.ts';
import { flag, number, text } from '../options.ts';
import { openProgress } from '../progress-bar.ts';
import type { Options, Session, Verb } from '../verb.ts';

/** The same command line as `extract`'s may be given: what it says of the features is compared with the parts. */
const hidden = [
  ...[
    'weights',
    'weights-key',
    'seed',
    'tap',
    'pool',
    'resize',
    'crop',
    'auto-orient',
    'sixteen-bit',
    'interpolation',
    'mean',
    'std',
    'views',
    'dtype',
    'precision',
    'batch',
  ],
  ...['engine', 'device', 'threads', 'skip-unreadable', 'allow-missing', 'shard-mb', 'checkpoint'],
];

/** Merge: put the parts that `extract --part` made together, as one machine would have made the set. */
export const mergeVerb: Verb = {
  options: (yargs: Argv): Argv =>
    hidden
      .reduce((shown, name) => shown.hide(name), withExtractOptions(yargs))
      .option('parts', { type: 'string', describe: 'how many there must be [as those that are there say]' })
      .option('wait', { type: 'boolean', describe: 'wait until every part is complete' })
      .option('keep-parts', { type: 'boolean', describe: 'leave the parts where they are' }),
  run: async (options, session) => {
    const request = readExtractOptions(options);
    const set = request.plan.folder;
    const data = text(options, 'data');
    const { signal, command } = session;
    const asked = number(options, 'parts', { whole: true, min: 1, max: mostParts });
    const partCount = asked ?? (await countOfMergedParts(nodeFiles, set)) ?? (await countOfParts(nodeFiles, set));
    const progress = openProgress(session);
    try {
      if (flag(options, 'wait'))
        await waitForParts(nodeFiles, set, partCount, { command, signal, onNote: session.note });
      const result = await mergeParts({
        set,
        partCount,
        asked: askedFields(options, request),
        data,
        replace: flag(options, 'replace'),
        keepParts: flag(options, 'keep-parts'),
        command,
        signal,
        onProgress: progress.onProgress,
        onNote: session.note,
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

/** Of what is said of the features, what was typed: the rest is as the parts were made. */
function askedFields(options: Options, { plan }: AskedExtract): AskedFields {
  const { weights, tap, pool, dtype, precision, preprocessing, views } = plan;
  const shape = {
    ...preprocessing,
    resize: preprocessing.resize?.toString(),
    mean: preprocessing.mean?.join(),
    std: preprocessing.std?.join(),
  };
  const all = { tap, pool, dtype, precision, ...shape, views: views?.count ?? 0, weights };
  const typed = Object.entries(all).filter(([name]) => options[name] !== undefined);
  return Object.fromEntries(typed) as AskedFields;
}

/** Without parts: those that the set was merged of. */
async function countOfMergedParts(files: Files, set: string): Promise<number | undefined> {
  if ((await listParts(files, set)).length > 0) return undefined;
  return (await mergedBefore(files, set))?.parts;
}

function printMerged({ folder, manifest, newImages, keptImages }: MergeResult, parts: number, session: Session): void {
  const { fingerprint, counts, rowCount, rowShape, fields } = manifest;
  const next = ownCommand('classify', ['--features', shortPath(folder), '--model', 'all']);
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
