import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { readLabelCheck } from '../classify/label-check/label-check-file.ts';
import { headDifferences } from '../report/analysis/differences.ts';
import { heldOutImages, suspectedLabels } from '../report/analysis/held-out.ts';
import { type Run, readRuns } from '../report/analysis/run.ts';
import { type Comparison, compareReports } from '../report/comparison.ts';
import { percent } from '../report/figures.ts';
import { findReports } from '../report/find-reports.ts';
import { modelCard, modelCardFile } from '../report/model-card.ts';
import { comparisonCsv, comparisonMarkdown } from '../report/pipelines.ts';
import { summarize } from '../report/summary.ts';
import { suspectsFile, suspectsList, suspectsOf, suspectsOfCheck } from '../report/suspects-list.ts';
import { terminalComparison } from '../report/terminal.ts';
import { writeText } from '../system/durable.ts';
import { UserError, usageError } from '../system/errors.ts';
import { nodeFiles } from '../system/files.ts';
import { shortPath } from '../system/short-path.ts';
import { programVersion } from '../system/version.ts';
import { checkNoFolder } from '../system/write-error.ts';
import { statusLine } from './status-line.ts';
import { defineVerb, type Session, type Verb } from './verb.ts';

const pageFile = 'index.html';

export const compareVerb: Verb = defineVerb({
  writes: { option: '--html FILE', file: 'index.html' },
  options: {
    reports: {
      describe: 'report.json files, or folders that hold them',
      text: true,
      list: 'whole',
      positional: true,
      unset: 'reports',
    },
    html: { describe: 'the page to write', text: true, unset: 'index.html in the folder that holds the reports' },
    csv: { describe: 'one line per report on stdout, and no page', flag: true },
    markdown: { describe: 'tables for a pull request on stdout, and no page', flag: true },
    failBelow: {
      describe: 'exit 1 unless the best report of each group has this accuracy: 0.8 or 80%',
      numbers: { min: 0, max: 1, percent: true },
    },
  },
  run: async ({ reports: given, html: page, csv, markdown, failBelow }, session) => {
    if (page !== undefined) await checkNoFolder(nodeFiles, page);
    const form = outputForm({ json: session.json, csv, markdown });
    const paths = given.length === 0 ? ['reports'] : given;
    const comparison = await compareReports(paths);
    for (const { message } of comparison.unreadable) session.warn(`left out: ${message}`);

    const runs = await Promise.all(comparison.groups.map(readRuns));
    const verdicts = runs.map(headDifferences);
    const summary = summarize(comparison, verdicts);
    session.printJson(summary);
    if (form === 'csv') await session.write(comparisonCsv(summary));
    if (form === 'markdown') await session.write(comparisonMarkdown(summary));
    if (form === 'text') session.print(terminalComparison(comparison, verdicts));

    if (form === 'text' || page !== undefined) {
      for (const group of runs) await writeCards(group, session);
      const file = page ?? (await defaultPage(paths));
      if (file !== undefined) await drawPage(file, comparison, runs, session);
      else session.note('no page: the reports have no folder of their own in common; --html FILE writes one');
    }
    return failBelow === undefined ? 0 : checkFloor(comparison, failBelow, session);
  },
});

async function drawPage(
  file: string,
  comparison: Comparison,
  runs: readonly (readonly Run[])[],
  session: Session,
): Promise<void> {
  // Loaded only for a page: it draws thumbnails.
  const { gatherPage } = await import('../report/page/data/gather.ts');
  const { writePage } = await import('../report/page/page.ts');
  const status = statusLine(session);
  const onStage = (what: string): void => status.show(`page: ${what}`);
  try {
    const { signal } = session;
    const data = await gatherPage(comparison, { version: programVersion(), runs, page: file, signal, onStage });
    await writePage(file, data);
  } finally {
    status.clear();
  }
  session.note(`page: ${file}; beside each report a model card, ${modelCardFile}, and ${suspectsFile}`);
}

/**
 * The page of the compared reports, in the folder that holds them all; undefined if that is the current folder or one
 * above it. Of a part of the reports of a folder that has a page, it is a page of its own.
 */
async function defaultPage(given: readonly string[]): Promise<string | undefined> {
  const reports = (await findReports(given)).map((path) => resolve(path));
  const [only, ...others] = given;
  const isOneFolder = only !== undefined && others.length === 0 && (await nodeFiles.stat(only)).isDirectory();
  const folder = isOneFolder ? only : sharedFolder(reports.map(dirname));
  if (isOneFolder) return join(folder, pageFile);
  if (!relative(folder, '').startsWith('..')) return undefined;
  const page = join(folder, pageFile);
  const hasOthers = (await findReports([folder])).some((path) => !reports.includes(resolve(path)));
  return shortPath(hasOthers && existsSync(page) ? join(folder, 'comparison.html') : page);
}

/** The deepest folder that holds all of them, or is them. @param folders absolute */
function sharedFolder([first = '', ...others]: readonly string[]): string {
  let shared = first;
  while (others.some((folder) => relative(shared, folder).startsWith('..'))) shared = dirname(shared);
  return shared;
}

/** Writes model cards and lists of labels to check. @param runs of one group, which share a label check */
async function writeCards(runs: readonly Run[], session: Session): Promise<void> {
  const checks = await Promise.all(runs.map(({ report }) => readLabelCheck(report)));
  const check = checks.find((found) => found !== undefined);
  for (const run of runs) {
    const { report } = run.report;
    try {
      await writeText(nodeFiles, join(report, modelCardFile), modelCard(run));
      if (run.predictions === undefined || run.report.featureSet.randomWeights) continue;
      const suspects =
        check === undefined ? suspectsOf(suspectedLabels(heldOutImages(run.predictions))) : suspectsOfCheck(check);
      await writeText(nodeFiles, join(report, suspectsFile), suspectsList(suspects));
    } catch (error) {
      // Reports in a read-only folder can still be compared.
      if (!(error instanceof UserError)) throw error;
      const { what, where, found } = error.parts;
      session.warn(`warning: ${what}: ${where}${found === undefined ? '' : `: ${found}`}`);
    }
  }
}

function outputForm(asked: Readonly<Record<'json' | 'csv' | 'markdown', boolean>>): 'text' | keyof typeof asked {
  const [form = 'text', other] = (['json', 'csv', 'markdown'] as const).filter((name) => asked[name]);
  if (other !== undefined)
    throw usageError(`--${other}`, `--${form} beside it`, 'one of --json, --csv, --markdown', { value: null });
  return form;
}

/** Exit code: 1 if the best head of a group is below the floor. */
function checkFloor({ groups }: Comparison, floor: number, session: Session): number {
  let code = 0;
  for (const { reports } of groups) {
    const best = reports[0];
    if (best === undefined || best.accuracy >= floor) continue;
    session.warn(`the best accuracy, ${percent(best.accuracy)} of ${best.report}, is below ${percent(floor)}`);
    code = 1;
  }
  return code;
}
