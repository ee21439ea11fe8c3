import { join } from 'node:path';
import { activationRangesFile } from '../../features/manifest/layout.ts';
import type { SavedHead } from '../../models/model.ts';
import { writeSavedHead } from '../../models/saved-head.ts';
import { DurableFile, patienceMs, removeAbandoned, writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { nodeFiles, readIfThere } from '../../system/files.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { openUnfinished } from '../../system/writers/unfinished.ts';
import { formatPredictions, type Prediction } from './predictions.ts';
import type { Report } from './report.ts';

/**
 * Makes the folder of all reports before anything is fitted for it, and tries whether it takes a file: permission alone
 * does not tell, on a disk that is mounted to be read, or full.
 *
 * @throws UserError when it cannot be made or written
 */
export async function openReportsFolder(out: string): Promise<void> {
  try {
    await makeFolder(out);
    await removeAbandoned(nodeFiles, out);
    const tried = await openUnfinished(nodeFiles, join(out, 'trial'));
    await tried.file.close();
    await nodeFiles.remove(tried.path);
    tried.done();
  } catch (cause) {
    throw cannotWrite('reports cannot be written', out, cause);
  }
}

/**
 * Writes a report's folder: the head, predictions.csv, and report.json last, so that a report that can be read is whole.
 * Whoever writes report.json is alone in the folder: two runs of the same command write one after the other.
 *
 * @returns the report with the sha256 of the files beside it
 * @throws UserError when the folder cannot be made or written
 */
export async function writeReport(report: Report, predictions: Iterable<Prediction>, head: SavedHead): Promise<Report> {
  try {
    await makeFolder(report.report);
  } catch (cause) {
    throw cannotWrite('the report cannot be written', report.report, cause);
  }
  const file = await DurableFile.open(nodeFiles, join(report.report, 'report.json'), { aloneWithinMs: patienceMs });
  try {
    await removeAbandoned(nodeFiles, report.report);
    const headSha256 = await writeSavedHead(report.report, head);
    await keepActivationRanges(report);
    const text = encoded(formatPredictions(predictions));
    const predictionsSha256 = await writeDurably(nodeFiles, join(report.report, 'predictions.csv'), text);
    const whole = withoutUndefined<Report>({ ...report, headSha256, predictionsSha256 });
    await file.write(new TextEncoder().encode(formatReport(whole)));
    await file.finish();
    return whole;
  } finally {
    await file.discard();
  }
}

/** As the file has it, and as it is read back: JSON leaves out fields that are undefined. */
function withoutUndefined<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}

function cannotWrite(what: string, where: string, cause: unknown): UserError {
  return new UserError({
    what,
    where,
    found: fileReason(cause),
    fix: '--out FOLDER names a folder that can be written',
    cause,
  });
}

/** Copies the activation ranges of int8 backbones to the head, which must work when the feature set is gone. */
async function keepActivationRanges({ report, featureSet }: Report): Promise<void> {
  for (const { folder, fields } of featureSet.parts ?? [featureSet]) {
    if (fields?.calibration === undefined) continue;
    const file = activationRangesFile(fields.calibration.sha256);
    const bytes = await readIfThere(nodeFiles, join(folder, file));
    if (bytes !== undefined) await writeDurably(nodeFiles, join(report, file), [bytes], bytes.length);
  }
}

/** Indented JSON, with lists of numbers on one line: a confusion matrix has a line per class. */
function formatReport(report: Report): string {
  const indented = JSON.stringify(report, null, 1);
  return `${indented.replaceAll(/\[\s*(?:-?[\d.e+-]+,?\s*)+\]/g, (list) => list.replaceAll(/\s+/g, ''))}\n`;
}

function* encoded(pieces: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const piece of pieces) yield encoder.encode(piece);
}
