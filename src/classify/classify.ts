import type { FitProgress, Head } from '../models/model.ts';
import type { RowSource } from '../rows/row-source.ts';
import { groupShuffleSplit } from '../split/folds.ts';
import { type ShuffleSplitOptions, type Split, stratifiedShuffleSplit } from '../split/split.ts';
import { valueAt } from '../system/at.ts';
import { InterruptedError, UserError } from '../system/errors.ts';
import { WriteError } from '../system/write-error.ts';
import { compareImages, copiesFound, describeCopies } from './copies/copies.ts';
import type { LabelledData } from './data/labelled-data.ts';
import { stratifiedSubsample } from './data/subsample.ts';
import { conformalOf } from './knowing/conformal-figures.ts';
import { checkLabels, chooseChecker, labelFolds } from './label-check/check-labels.ts';
import { type LabelCheckFile, writeLabelCheck } from './label-check/label-check-file.ts';
import { learningCurve } from './learning-curve.ts';
import { makeReport } from './make-report.ts';
import type { Report } from './result/report.ts';
import { openReportsFolder, writeReport } from './result/write-report.ts';
import { openCheckpoints } from './trial/checkpoints.ts';
import { evaluateHead } from './trial/evaluate.ts';
import { type MemoryEvent, prepareTrials, type TrialOptions } from './trial/prepare-trials.ts';
import type { OpenTrial } from './trial/trial.ts';

export interface ClassifyOptions extends ShuffleSplitOptions, TrialOptions {
  /** Default: drawn. */
  readonly splits?: readonly Split[] | undefined;
  /** Folder of reports: each is written to `<out>/<feature set>/<model>-…`. */
  readonly out: string;
  /** Train on a stratified subset of each split's training rows: a fraction or a count. */
  readonly subsample?: number | undefined;
  /** Also fit every head on growing parts of the training rows. */
  readonly learningCurve?: boolean;
  /** Check every label by cross-validation with the cheapest good head. */
  readonly checkLabels?: boolean;
  readonly command: string;
  readonly onEvent?: (event: ClassifyEvent) => void;
  /**
   * Called if a head could not be fitted or gave no usable answer; the other heads continue. Without it, the error is
   * thrown.
   */
  readonly onFailure?: (head: Head, error: UserError) => void;
}

export type ClassifyEvent =
  | MemoryEvent
  /** `of`: training rows before subsampling. */
  | { readonly kind: 'split'; readonly train: number; readonly test: number; readonly of: number }
  | { readonly kind: 'progress'; readonly head: Head; readonly repeat: number; readonly progress: FitProgress }
  | { readonly kind: 'repeat'; readonly head: Head; readonly repeat: number; readonly accuracy: number }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'fold'; readonly head: Head; readonly done: number; readonly total: number }
  /** `report`: of the head used; the check is kept in its folder. */
  | { readonly kind: 'labels'; readonly report: Report; readonly check: LabelCheckFile };

/**
 * Trains and tests every head on the same splits and writes a report for each. Rows of one group stay on one side.
 *
 * @throws UserError if reports cannot be written, the rows cannot be split or a head cannot be fitted; InterruptedError
 *   on Ctrl-C, with the finished reports on disk
 */
export async function classify(data: LabelledData<RowSource>, options: ClassifyOptions): Promise<Report[]> {
  await openReportsFolder(options.out);
  const drawn = options.splits ?? drawSplits(data, options);
  const splits = subsampled(drawn, data, options);
  const { train, test } = valueAt(splits, 0);
  const of = drawn[0]?.train.length ?? 0;
  options.onEvent?.({ kind: 'split', train: train.length, test: test.length, of });
  const resumable = (error: unknown): never => {
    throw error instanceof InterruptedError ? new InterruptedError(options.command) : error;
  };
  const folds = options.checkLabels === true ? labelFolds(data, options.seed) : [];
  const checkpoints = openCheckpoints(options.out);
  const all = [...splits, ...folds];
  const openTrial = await prepareTrials(data, all, options, checkpoints, options.onEvent).catch(resumable);
  const reports: Report[] = [];
  const trained: Head[] = [];
  // Not with random weights, whose features say little about similarity, nor with rows on disk. Before the first trial
  // loads its tables: there would be no memory for a second copy.
  const withCopies = !data.featureSet.randomWeights && options.stream !== true;
  const compared = withCopies ? await compareImages(data, options.signal).catch(resumable) : undefined;
  const tryHead = async (head: Head): Promise<Report> => {
    let repeat = 0;
    const { seed, threads, signal } = options;
    const quiet = { seed, threads, signal };
    const context = {
      ...quiet,
      onProgress: (progress: FitProgress): void => options.onEvent?.({ kind: 'progress', head, repeat, progress }),
    };
    const evaluation = await evaluateHead(head, data, splits, openTrial, context, ({ accuracy }) => {
      options.onEvent?.({ kind: 'repeat', head, repeat, accuracy });
      repeat++;
    }).catch(resumable);
    const curve =
      options.learningCurve === true
        ? await learningCurve(head, data.labels, splits, evaluation.perRepeat, openTrial, quiet)
        : undefined;
    const { fitted } = evaluation;
    const conformal = await conformalOf(head, data, valueAt(splits, 0), fitted, openTrial, quiet).catch(resumable);
    const made = makeReport(head, data, splits, evaluation, options);
    const copies = compared && copiesFound(compared, splits, evaluation.predictions);
    const leak = describeCopies([{ ...made, copies }]);
    const found = {
      ...made,
      conformal: typeof conformal === 'string' ? undefined : conformal,
      copies,
      warnings: [...made.warnings, ...[leak, conformal].filter((each) => typeof each === 'string')],
      subsample: options.subsample === undefined ? undefined : { rows: train.length, of },
      learningCurve: curve,
    };
    const report = await writeReport(found, evaluation.predictions, evaluation.fitted.save());
    await checkpoints.clear();
    options.onEvent?.({ kind: 'report', report });
    return report;
  };
  for (const head of options.heads) {
    try {
      reports.push(await tryHead(head));
      trained.push(head);
    } catch (error) {
      // A full disk fails all heads.
      if (options.onFailure === undefined || !(error instanceof UserError) || error instanceof WriteError) throw error;
      options.onFailure(head, error);
    }
  }
  if (reports.length === 0) return reports;
  if (options.checkLabels === true)
    await checkEveryLabel(data, folds, openTrial, reports, { ...options, heads: trained }).catch(resumable);
  return reports;
}

async function checkEveryLabel(
  data: LabelledData<RowSource>,
  folds: readonly Split[],
  openTrial: OpenTrial,
  reports: readonly Report[],
  { heads, seed, threads, signal, onEvent }: ClassifyOptions,
): Promise<void> {
  const report = chooseChecker(reports);
  const head = valueAt(heads, reports.indexOf(report));
  const { doubts, unjudged } = await checkLabels(head, data, folds, openTrial, {
    seed,
    threads,
    signal,
    onFold: (done, total) => onEvent?.({ kind: 'fold', head, done, total }),
  });
  const check: LabelCheckFile = {
    formatVersion: 1,
    model: head.model,
    solver: head.solver,
    folds: folds.length,
    seed,
    splitHash: report.splitHash,
    imageCount: data.ids.length,
    unjudged,
    images: doubts.map(({ row, suggestion, labelProbability, suggestionProbability, suspected }) => ({
      id: valueAt(data.ids, row),
      label: valueAt(data.classes, valueAt(data.labels, row)),
      suggestion: valueAt(data.classes, suggestion),
      labelProbability: Number(labelProbability.toPrecision(6)),
      suggestionProbability: Number(suggestionProbability.toPrecision(6)),
      suspected,
    })),
  };
  await writeLabelCheck(report.report, check);
  onEvent?.({ kind: 'labels', report, check });
}

function subsampled(
  splits: readonly Split[],
  { labels, classes }: LabelledData<RowSource>,
  { subsample, seed }: ClassifyOptions,
): readonly Split[] {
  if (subsample === undefined) return splits;
  return splits.map(({ train, test }) => ({
    train: stratifiedSubsample(train, labels, classes, subsample, seed),
    test,
  }));
}

function drawSplits(data: LabelledData<RowSource>, options: ShuffleSplitOptions): readonly Split[] {
  return data.groups === undefined
    ? stratifiedShuffleSplit(data.labels, data.classes, options)
    : groupShuffleSplit(data.groups, options);
}
