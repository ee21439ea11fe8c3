import { join } from 'node:path';
import { activationRangesFile } from '../../features/manifest/layout.ts';
import type { SavedHead } from '../../models/model.ts';
import { writeSavedHead } from '../../models/saved-head.ts';
import { DurableFile, patienceMs, removeAbandoned, writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { largestTextBytes, nodeFiles, readIfThere } from '../../system/files.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { openUnfinished } from '../../system/writers/unfinished.ts';
import { formatPredictions, type Prediction } from './predictions.ts';
import type { Report } from './report.ts';

/**
 * Creates the folder of reports before any fit, and tests it by writing a file: the disk may be full or read-only.
 *
 * @throws UserError if it cannot be created or written
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
 * Writes a report's folder: the head, predictions.csv, and report.json last, so that a readable report is complete.
 * Concurrent runs of the same command write one after the other.
 *
 * @returns the report with the sha256 of its files
 * @throws UserError if the folder cannot be created or written
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
    const learningCurve = report.learningCurve ?? (await earlierCurve(report));
    const whole = withoutUndefined<Report>({ ...report, learningCurve, headSha256, predictionsSha256 });
    await file.write(new TextEncoder().encode(formatReport(whole)));
    await file.finish();
    return whole;
  } finally {
    await file.discard();
  }
}

/** The learning curve that an earlier run of the same command with `--learning-curve` left: if it ends where this report is. */
async function earlierCurve({ report, perRepeat }: Report): Promise<Report['learningCurve']> {
  const bytes = await readIfThere(nodeFiles, join(report, 'report.json'), largestTextBytes);
  if (bytes === undefined) return undefined;
  try {
    const { learningCurve: curve = [] }: Partial<Report> = JSON.parse(new TextDecoder().decode(bytes));
    const isSame = perRepeat.every(({ repeat, train, accuracy, logLoss }) =>
      curve.some(
        (point) =>
          point.repeat === repeat &&
          point.trainSize === train.length &&
          point.accuracy === accuracy &&
          point.logLoss === logLoss,
      ),
    );
    return isSame ? curve : undefined;
  } catch {
    // A damaged report is written over.
    return undefined;
  }
}

/** Drops undefined fields, as JSON does, so that the object equals the file read back. */
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

/** Copies the activation ranges of int8 backbones next to the head, so that it works without the feature set. */
async function keepActivationRanges({ report, featureSet }: Report): Promise<void> {
  for (const { folder, fields } of featureSet.parts ?? [featureSet]) {
    if (fields?.calibration === undefined) continue;
    const file = activationRangesFile(fields.calibration.sha256);
    const bytes = await readIfThere(nodeFiles, join(folder, file));
    if (bytes !== undefined) await writeDurably(nodeFiles, join(report, file), [bytes]);
  }
}

/** Indented JSON with lists of numbers on one line each. */
function formatReport(report: Report): string {
  const indented = JSON.stringify(report, null, 1);
  return `${indented.replaceAll(/\[\s*(?:-?[\d.e+-]+,?\s*)+\]/g, (list) => list.replaceAll(/\s+/g, ''))}\n`;
}

function* encoded(pieces: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const piece of pieces) yield encoder.encode(piece);
}
