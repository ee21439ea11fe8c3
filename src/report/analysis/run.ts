import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Prediction, parsePredictions } from '../../classify/result/predictions.ts';
import type { Report } from '../../classify/result/report.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { largestTextBytes, nodeFiles, readIfThere } from '../../system/files.ts';
import { checkPredictions } from '../check-fit.ts';
import { type ReportGroup, reportNames } from '../comparison.ts';
import { ShapeError } from '../json-shape.ts';

/** A report with its name in the comparison and its predictions. */
export interface Run {
  readonly name: string;
  readonly report: Report;
  /** Undefined if predictions.csv is missing. */
  readonly predictions: readonly Prediction[] | undefined;
}

const copyAgain = 'copy the whole folder of the report again, or run its classify command again';

/** @throws UserError if predictions.csv exists and is damaged or unreadable */
export async function readRun(report: Report, name: string): Promise<Run> {
  const file = join(report.report, 'predictions.csv');
  const bytes = await readIfThere(nodeFiles, file, largestTextBytes);
  if (bytes === undefined) return { name, report, predictions: undefined };
  const { predictionsSha256 } = report;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (predictionsSha256 !== undefined && sha256 !== predictionsSha256) {
    throw new UserError({
      what: 'the predictions are not those that their report was written with',
      where: file,
      found: `bytes with sha256 ${sha256}`,
      expected: `${predictionsSha256}, as report.json says`,
      fix: copyAgain,
    });
  }
  const predictions = parsePredictions(new TextDecoder().decode(bytes), file);
  try {
    checkPredictions(predictions, report);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new UserError({
      what: 'the predictions do not fit their report',
      where: `${file}, ${error.at}`,
      found: error.found,
      expected: error.expected,
      fix: copyAgain,
    });
  }
  return { name, report, predictions };
}

/** The runs of a group, in its order. */
export async function readRuns(group: ReportGroup): Promise<Run[]> {
  const names = reportNames(group.reports);
  return Promise.all(group.reports.map((report, i) => readRun(report, valueAt(names, i))));
}
