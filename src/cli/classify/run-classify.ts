import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { chooseHeads } from '../../classify/choose-heads.ts';
import { type ClassifyEvent, classify } from '../../classify/classify.ts';
import { checkSubsample } from '../../classify/data/subsample.ts';
import type { LabelCheckFile } from '../../classify/label-check/label-check-file.ts';
import type { Report } from '../../classify/result/report.ts';
import { checkStreamed } from '../../classify/trial/prepare-trials.ts';
import type { Head } from '../../models/model.ts';
import { headKinds } from '../../models/registry.ts';
import { headDifferences } from '../../report/analysis/differences.ts';
import { readRuns } from '../../report/analysis/run.ts';
import { groupReports } from '../../report/comparison.ts';
import { suspectsFile, suspectsList, suspectsOfCheck } from '../../report/suspects-list.ts';
import { terminalComparison } from '../../report/terminal.ts';
import { checkSeed, SmallClassesError } from '../../split/split.ts';
import { writeDurably } from '../../system/durable.ts';
import { type UserError, usageError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import { bytes, flag, list, number, text } from '../options.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { statusLine } from '../status-line.ts';
import type { Options, Session } from '../verb.ts';
import { chooseSplits, readData } from './classify-data.ts';
import { describeData, eventPrinter, labelsNote, summary } from './classify-output.ts';
import { headParams, sweepOptions } from './head-options.ts';

const modelNames = headKinds.map((kind) => kind.model).join(' | ');

/** What `classify` does once its options are declared: loaded only where it is done. */
export async function runClassify(options: Options, session: Session): Promise<number> {
  const models = list(options, 'model');
  if (models.length === 0) throw usageError('--model', 'nothing', `${modelNames} | all`);
  const seed = number(options, 'seed', {}, 0);
  checkSeed(seed);
  const heads = chooseHeads(models, headParams(options), sweepOptions(options));
  const splitFile = text(options, 'split');
  const fixed = splitFile !== undefined && splitFile !== 'draw';
  for (const name of fixed ? ['repeats', 'test-size', 'groups'] : []) {
    if (options[name] !== undefined) throw usageError(`--${name}`, 'given with --split', 'one of the two');
  }
  const testSize = number(options, 'test-size', { above: 0, percent: true }, 0.1);
  const repeats = number(options, 'repeats', { min: 1, whole: true }, 1);
  const threads = number(options, 'threads', { min: 1, whole: true }, availableParallelism());
  const [memory, subsample] = [bytes(options, 'memory'), number(options, 'subsample', { percent: true })];
  if (subsample !== undefined) checkSubsample(subsample);
  const stream = flag(options, 'stream');
  if (stream) {
    checkStreamed(heads);
    keepHeapSmall();
  }

  const data = await readData(options, session);
  const withLabelCheck = flag(options, 'check-labels');
  if (withLabelCheck && data.featureSet.randomWeights) {
    throw usageError(
      '--check-labels',
      'features of random weights, which disagree with many labels',
      'pretrained features',
    );
  }
  describeData(data, session);
  const splits = await chooseSplits(options, session, data, { testSize, seed, repeats });
  const status = statusLine(session);
  const print = eventPrinter(data, splits?.length ?? repeats, session, status);
  const failed: string[] = [];
  let labels: Extract<ClassifyEvent, { kind: 'labels' }> | undefined;
  try {
    const reports = await classify(data, {
      heads,
      testSize,
      seed,
      repeats,
      threads,
      stream,
      ...(memory === undefined ? {} : { memory }),
      ...(subsample === undefined ? {} : { subsample }),
      ...(splits === undefined ? {} : { splits }),
      learningCurve: flag(options, 'learning-curve'),
      checkLabels: withLabelCheck,
      out: text(options, 'out', 'reports'),
      signal: session.signal,
      command: session.command,
      ...(heads.length > 1 && {
        onFailure: (head: Head, error: UserError): void => {
          status.clear();
          failed.push(head.model);
          session.warn(`${head.model} failed: ${error.message}`);
        },
      }),
      onEvent: (event) => {
        if (event.kind === 'labels') labels = event;
        print(event);
      },
    });
    if (reports.length > 0) session.print(await comparisonText(reports));
    if (labels !== undefined) session.note(await keepSuspects(labels.report, labels.check));
    session.printJson(reports.map((report) => summary(report, labels?.report === report ? labels.check : undefined)));
  } catch (error) {
    if (error instanceof SmallClassesError) session.printJson({ smallClasses: error.smallClasses });
    throw error;
  } finally {
    status.clear();
  }
  if (failed.length > 0)
    session.warn(`no report of ${failed.join(', ')}: ${failed.length} of ${heads.length} heads failed`);
  return failed.length === 0 ? 0 : 1;
}

/** Writes the list of labels to check and says what it holds. */
async function keepSuspects({ report }: Report, check: LabelCheckFile): Promise<string> {
  const file = join(report, suspectsFile);
  const bytes = new TextEncoder().encode(suspectsList(suspectsOfCheck(check)));
  await writeDurably(nodeFiles, file, [bytes], bytes.length);
  return labelsNote(check, file);
}

/** What `compare` would print of these reports. */
async function comparisonText(reports: readonly Report[]): Promise<string> {
  const groups = groupReports(reports);
  const verdicts = (await Promise.all(groups.map(readRuns))).map(headDifferences);
  return terminalComparison({ groups, unreadable: [] }, verdicts);
}
