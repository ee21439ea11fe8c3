import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Prediction, parsePredictions } from '../../classify/result/predictions.ts';
import type { Report } from '../../classify/result/report.ts';
import { type ReportGroup, reportNames } from '../comparison.ts';

/** A report with its name in the comparison and its answers image by image. */
export interface Run {
  readonly name: string;
  readonly report: Report;
  /** Undefined where predictions.csv is gone: what needs it is left out and says so. */
  readonly predictions: readonly Prediction[] | undefined;
}

/** @throws UserError when predictions.csv is there and damaged */
export async function readRun(report: Report, name: string): Promise<Run> {
  const file = join(report.report, 'predictions.csv');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return { name, report, predictions: undefined };
  }
  return { name, report, predictions: parsePredictions(text, file) };
}

/** Every run of a group with its answers, in the group's order. */
export async function readRuns(group: ReportGroup): Promise<Run[]> {
  const names = reportNames(group.reports);
  return Promise.all(group.reports.map((report, i) => readRun(report, names[i] as string)));
}
