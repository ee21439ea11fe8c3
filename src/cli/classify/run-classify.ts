import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { chooseHeads } from '../../classify/choose-heads.ts';
import { classify } from '../../classify/classify.ts';
import { describeCopies, withGroups } from '../../classify/copies/copies.ts';
import { checkDrawn, chooseSplits } from '../../classify/data/choose-splits.ts';
import type { LabelCheckFile } from '../../classify/label-check/label-check-file.ts';
import type { Report } from '../../classify/result/report.ts';
import { checkStreamed } from '../../classify/trial/prepare-trials.ts';
import type { Head } from '../../models/model.ts';
import { headKinds } from '../../models/registry.ts';
import { loadNetworkTail } from '../../predict/network-tail.ts';
import { encodeWords } from '../../predict/words.ts';
import { headDifferences } from '../../report/analysis/differences.ts';
import { readRuns } from '../../report/analysis/run.ts';
import { groupReports } from '../../report/comparison.ts';
import { suspectsFile, suspectsList, suspectsOfCheck } from '../../report/suspects-list.ts';
import { terminalComparison } from '../../report/terminal.ts';
import { SmallClassesError } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { writeDurably } from '../../system/durable.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import type { RawOptions } from '../../system/options.ts';
import { generalCommand } from '../../system/own-command.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { retyped, withOption } from '../retyped.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { statusLine } from '../status-line.ts';
import type { Session } from '../verb.ts';
import type { AskedValues } from './classify.ts';
import { checkNamed, readData } from './classify-data.ts';
import { describeData, eventPrinter, labelsNote, summary } from './classify-output.ts';
import { askedSweep } from './head-options.ts';

const modelNames = headKinds.map((kind) => kind.model).join(' | ');

/** Runs `classify`; a module of its own, so that `--help` does not load it. */
export async function runClassify(
  values: AskedValues,
  params: Readonly<Record<string, unknown>>,
  session: Session,
  given: RawOptions,
): Promise<number> {
  const {
    model: models,
    seed,
    testSize,
    repeats,
    threads = availableParallelism(),
    memory,
    subsample,
    stream,
  } = values;
  if (models.length === 0) {
    // The feature set comes first: without one, no head helps.
    await checkNamed(values.features, session);
    throw new UserError({
      what: '--model is missing',
      expected: `${modelNames} | all`,
      fix: retyped(withOption(session.args, 'model', 'all')),
      exitCode: 2,
    });
  }
  const heads = chooseHeads(models, params, askedSweep(values));
  const drawn = ['test-size', 'repeats', 'groups'].find((name) => given[name] !== undefined);
  checkDrawn(values, drawn);
  if (stream || heads.some(({ staysOnDisk }) => staysOnDisk === true)) {
    checkStreamed(heads);
    keepHeapSmall();
  }

  const tables = await withGroups(await readData(values, session, given), values, session.note, session.signal);
  const data = valueAt(tables, 0);
  if (values.checkLabels && tables.some(({ featureSet }) => featureSet.randomWeights)) {
    throw usageError(
      '--check-labels',
      'features of random weights, which disagree with many labels',
      'pretrained features',
    );
  }
  describeData(tables, session);
  // All tables have the same images in the same order.
  const splits = await chooseSplits(values, data, drawn, session);
  // Name the set: the newest one may be another one later.
  const command =
    values.features.length > 0
      ? session.command
      : generalCommand(withOption(session.args, 'features', shortPath(data.featureSet.folder)));
  const status = statusLine(session);
  const failed: string[] = [];
  const reports: Report[] = [];
  const checks = new Map<Report, LabelCheckFile>();
  try {
    for (const table of tables) {
      const folder = shortPath(table.featureSet.folder);
      if (tables.length > 1) session.note(`features: ${folder}`);
      const print = eventPrinter(table, splits?.length ?? repeats, session, status);
      const done = await classify(table, {
        heads,
        testSize,
        seed,
        repeats,
        threads,
        stream,
        memory,
        subsample,
        splits,
        learningCurve: values.learningCurve,
        checkLabels: values.checkLabels,
        out: values.out,
        loadNetworkTail,
        signal: session.signal,
        command,
        encodeWords: (featureSet, texts) => encodeWords(featureSet, texts, { threads, signal: session.signal }),
        ...(heads.length * tables.length > 1 && {
          onFailure: (head: Head, error: UserError): void => {
            status.clear();
            const name = tables.length === 1 ? head.model : `${head.model} on ${folder}`;
            failed.push(name);
            session.warn(`${name} failed: ${error.message}`);
          },
        }),
        onEvent: (event) => {
          if (event.kind === 'labels') checks.set(event.report, event.check);
          print(event);
        },
      });
      reports.push(...done);
      const copies = done.length === 0 ? undefined : describeCopies(done);
      if (copies !== undefined) session.warn(`warning: ${copies}`);
    }
    if (reports.length > 0) session.print(await comparisonText(reports));
    for (const [report, check] of checks) session.note(await keepSuspects(report, check));
    session.printJson(reports.map((report) => summary(report, checks.get(report))));
  } catch (error) {
    if (error instanceof SmallClassesError) session.printJson({ smallClasses: error.smallClasses });
    throw error;
  } finally {
    status.clear();
  }
  if (failed.length > 0) {
    const all = heads.length * tables.length;
    session.warn(`no report of ${failed.join(', ')}: ${failed.length} of ${counted(all, 'head')} failed`);
  }
  return failed.length === 0 ? 0 : 1;
}

/** Writes the list of labels to check and says what it holds. */
async function keepSuspects({ report }: Report, check: LabelCheckFile): Promise<string> {
  const file = join(report, suspectsFile);
  const bytes = new TextEncoder().encode(suspectsList(suspectsOfCheck(check)));
  await writeDurably(nodeFiles, file, [bytes]);
  return labelsNote(check, file);
}

/** What `compare` would print of these reports. */
async function comparisonText(reports: readonly Report[]): Promise<string> {
  const groups = groupReports(reports);
  const verdicts = (await Promise.all(groups.map(readRuns))).map(headDifferences);
  return terminalComparison({ groups, unreadable: [] }, verdicts);
}
