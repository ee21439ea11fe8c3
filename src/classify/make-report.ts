import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Scores } from '../metrics/metrics.ts';
import { classFigures, confusionRows, mean } from '../metrics/metrics.ts';
import type { Head } from '../models/model.ts';
import { addAt } from '../numerics/arrays.kernel.ts';
import type { RowSource } from '../rows/row-source.ts';
import type { Split } from '../split/split.ts';
import { valueAt } from '../system/at.ts';
import { versions } from '../system/version.ts';
import type { LabelledData } from './data/labelled-data.ts';
import type { Report } from './result/report.ts';
import type { Evaluation } from './trial/evaluate.ts';

interface ReportOptions {
  readonly out: string;
  readonly seed: number;
  readonly command: string;
  /** Whether the heads were fitted on rows on disk. */
  readonly stream?: boolean;
}

/** Assembles the contents of report.json. Only `createdAt` and the times differ between runs. */
export function makeReport(
  head: Head,
  data: LabelledData<RowSource>,
  splits: readonly Split[],
  evaluation: Evaluation,
  options: ReportOptions,
): Report {
  const { perRepeat, confusion, fitted } = evaluation;
  const average = (pick: (result: (typeof perRepeat)[0]) => number): number => mean(perRepeat.map(pick));
  const scores: Scores = {
    accuracy: average((r) => r.accuracy),
    top5Accuracy: average((r) => r.top5Accuracy),
    logLoss: average((r) => r.logLoss),
    macroF1: average((r) => r.macroF1),
    balancedAccuracy: average((r) => r.balancedAccuracy),
  };
  const { probabilities, ...details } = fitted.details;
  const splitHash = hashSplits(data, splits);
  const trained = trainingCounts(data, splits);
  return {
    formatVersion: 1,
    model: head.model,
    solver: head.solver,
    // The parameters that the sweep chose for the saved head; without a sweep, the head's own.
    params: options.stream === true ? { ...fitted.params, stream: true } : fitted.params,
    ...scores,
    perRepeat,
    classes: data.classes,
    trainSize: perRepeat[0]?.train.length ?? 0,
    testSize: perRepeat[0]?.test.length ?? 0,
    seed: options.seed,
    grouping: data.grouping,
    smallClasses: data.smallClasses,
    fitSeconds: average((r) => r.fitSeconds),
    predictSeconds: average((r) => r.predictSeconds),
    features: data.fingerprint,
    featureSet: data.featureSet,
    splitHash,
    imagesSha256: data.imagesSha256,
    joined: data.joined,
    confusion: confusionRows(confusion, data.classes.length),
    perClass: classFigures(confusion, data.classes).map((figures, c) => ({
      ...figures,
      trained: valueAt(trained, c),
    })),
    uncalibratedLogLoss: evaluation.uncalibratedLogLoss.length === 0 ? undefined : mean(evaluation.uncalibratedLogLoss),
    probabilities: typeof probabilities === 'string' ? probabilities : 'as the head gives them',
    warnings: [...data.warnings, ...evaluation.warnings],
    details: { ...details, savedHead: 'fitted on the training rows of repeat 0' },
    command: options.command,
    versions: versions(),
    createdAt: new Date().toISOString(),
    report: join(
      options.out,
      basename(data.featureSet.folder),
      reportName(head, data, splitHash, options.stream === true),
    ),
  };
}

/** Training images of each class, mean over the splits. */
function trainingCounts(data: Pick<LabelledData, 'labels' | 'classes'>, splits: readonly Split[]): number[] {
  const counts = data.classes.map(() => 0);
  for (const { train } of splits) {
    for (const row of train) {
      const c = valueAt(data.labels, row);
      addAt(counts, c, 1);
    }
  }
  return counts.map((count) => count / splits.length);
}

/** sha256 over class names, labels, splits and groups: equal if two reports have the same training and test rows. */
export function hashSplits(
  data: Pick<LabelledData, 'ids' | 'labels' | 'classes' | 'grouping'>,
  splits: readonly Split[],
): string {
  const hash = createHash('sha256').update(JSON.stringify([data.classes, data.ids]));
  for (const numbers of [data.labels, ...splits.flatMap(({ train, test }) => [train, test])]) {
    hash.update(`,${numbers.length}:`).update(numbers);
  }
  // Folds within the training rows respect the groups, too.
  if (data.grouping !== undefined) hash.update(JSON.stringify(data.grouping));
  return hash.digest('hex');
}

/** `linear-lbfgs-1a2b3c4d`: determined by head, parameters, features and splits. */
function reportName(head: Head, data: LabelledData<RowSource>, splitHash: string, stream: boolean): string {
  const params = Object.entries({ ...head.params, ...(stream ? { stream } : {}) }).sort(([a], [b]) => (a < b ? -1 : 1));
  const identity = JSON.stringify([head.model, head.solver, params, data.fingerprint, splitHash]);
  const short = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  return `${head.model}-${head.solver}-${short}`;
}
