import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { calibrationFile } from '../../features/manifest/layout.ts';
import type { SavedHead } from '../../models/model.ts';
import { writeSavedHead } from '../../models/saved-head.ts';
import { writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { nodeFiles, readIfThere } from '../../system/files.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { formatPredictions, type Prediction } from './predictions.ts';
import type { Report } from './report.ts';

/** Makes the folder of all reports before anything is fitted for it. @throws UserError when it cannot be made or written */
export async function openReportsFolder(out: string): Promise<void> {
  try {
    await makeFolder(out);
    await access(out, constants.W_OK);
  } catch (cause) {
    throw cannotWrite('reports cannot be written', out, cause);
  }
}

/**
 * Writes a report's folder: the head, predictions.csv, and report.json last, so that a report that can be read is whole.
 *
 * @throws UserError when the folder cannot be made or written
 */
export async function writeReport(report: Report, predictions: Iterable<Prediction>, head: SavedHead): Promise<void> {
  try {
    await makeFolder(report.report);
  } catch (cause) {
    throw cannotWrite('the report cannot be written', report.report, cause);
  }
  await writeSavedHead(report.report, head);
  await keepCalibration(report);
  await writeDurably(nodeFiles, join(report.report, 'predictions.csv'), encoded(formatPredictions(predictions)));
  const bytes = new TextEncoder().encode(formatReport(report));
  await writeDurably(nodeFiles, join(report.report, 'report.json'), [bytes], bytes.length);
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

/** Copies what makes an int8 backbone to the head, which must work when the feature set is gone. */
async function keepCalibration(report: Report): Promise<void> {
  const { folder, fields } = report.featureSet;
  if (fields?.calibration === undefined) return;
  const file = calibrationFile(fields.calibration.sha256);
  const bytes = await readIfThere(nodeFiles, join(folder, file));
  if (bytes !== undefined) await writeDurably(nodeFiles, join(report.report, file), [bytes], bytes.length);
}

/** Indented JSON, with lists of numbers on one line: a confusion matrix has a line per class. */
export function formatReport(report: Report): string {
  const indented = JSON.stringify(report, null, 1);
  return `${indented.replaceAll(/\[\s*(?:-?[\d.e+-]+,?\s*)+\]/g, (list) => list.replaceAll(/\s+/g, ''))}\n`;
}

function* encoded(pieces: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const piece of pieces) yield encoder.encode(piece);
}
