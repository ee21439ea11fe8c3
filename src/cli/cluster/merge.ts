import { type AskedFields, type MergeResult, mergeParts } from '../../cluster/merge/merge.ts';
import { mergedBefore } from '../../cluster/merge/merged-before.ts';
import { PartsMissingError } from '../../cluster/merge/part-problems.ts';
import { waitForParts } from '../../cluster/merge/wait-for-parts.ts';
import { listParts } from '../../cluster/records/layout.ts';
import { mostParts } from '../../cluster/records/part.ts';
import { countOfParts } from '../../cluster/status/status.ts';
import { askedExtract } from '../../extract/asked-extract.ts';
import { extractOptions } from '../../extract/options.ts';
import type { ExtractPlan } from '../../extract/plan.ts';
import { type Files, nodeFiles } from '../../system/files.ts';
import { optionName, type RawOptions } from '../../system/options.ts';
import { ownCommand } from '../../system/own-command.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { describeCounts, describeSet } from '../extract/extract-output.ts';
import { openProgress } from '../progress-bar.ts';
import { defineVerb, type Session, type Verb } from '../verb.ts';
import { firstPart } from './status.ts';

/** Options of `extract` that select the set; the others are compared with the parts. */
const shown = ['data', 'name', 'cache', 'replace'];

/** Merges the parts of `extract --part` into one feature set. */
export const mergeVerb: Verb = defineVerb({
  options: {
    ...extractOptions,
    parts: {
      describe: 'number of parts expected',
      numbers: { whole: true, min: 1, max: mostParts },
      unset: 'as recorded in the parts',
    },
    wait: { describe: 'wait until every part is complete', flag: true },
    keepParts: { describe: 'keep the parts', flag: true },
  },
  hidden: Object.keys(extractOptions).filter((name) => !shown.includes(name)),
  run: async (values, session, given) => {
    const { plan } = askedExtract(values);
    const set = plan.folder;
    const { signal, command } = session;
    const partCount =
      values.parts ??
      (await countOfMergedParts(nodeFiles, set)) ??
      (await countOfParts(nodeFiles, set, firstPart(session.args)));
    const progress = openProgress(session);
    try {
      if (values.wait) await waitForParts(nodeFiles, set, partCount, { command, signal, onNote: session.note });
      const result = await mergeParts({
        set,
        partCount,
        asked: askedFields(given, plan),
        data: values.data,
        replace: values.replace,
        keepParts: values.keepParts,
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
});

/** The typed options that describe the features; the rest follows from the parts. */
function askedFields(given: RawOptions, plan: ExtractPlan): AskedFields {
  const { weights, tap, pool, dtype, precision, preprocessing, views } = plan;
  const shape = {
    ...preprocessing,
    resize: preprocessing.resize?.toString(),
    mean: preprocessing.mean?.join(),
    std: preprocessing.std?.join(),
  };
  const all = { tap, pool, dtype, precision, ...shape, views: views?.count ?? 0, weights };
  return Object.fromEntries(Object.entries(all).filter(([name]) => given[optionName(name)] !== undefined));
}

/** The number of parts of an already merged set. */
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
  session.print(`${counted(parts, 'part')} merged: ${newImages} new, ${keptImages} kept; ${describeCounts(counts)}`);
  session.print(`next: ${next}`);
}
