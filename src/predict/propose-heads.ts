import { basename, dirname, join, resolve } from 'node:path';
import type { Report } from '../classify/result/report.ts';
import { headFile } from '../models/saved-head.ts';
import { groupReports } from '../report/comparison.ts';
import { percent } from '../report/figures.ts';
import { findReports } from '../report/find-reports.ts';
import { readReport } from '../report/read-report.ts';
import { textTable } from '../report/text-table.ts';
import { UserError } from '../system/errors.ts';
import { listIfThere, nodeFiles } from '../system/files.ts';
import { nearestName } from '../system/nearest.ts';
import { shortPath } from '../system/short-path.ts';

const usualFolder = 'reports';

/** Most heads listed, newest first. */
const mostListed = 12;

interface FoundHead {
  readonly folder: string;
  readonly report: Report;
}

/** A head that was not found, or not given. */
export interface HeadAsked {
  /** Value of `--head`; undefined if not given. */
  readonly folder: string | undefined;
  /** Returns the whole command with another head. */
  readonly command: (head: string) => string | Promise<string>;
}

/**
 * The error for a missing or ambiguous head: lists the available heads with their accuracies, and the commands for the
 * best and the newest.
 *
 * @returns undefined if there is no head
 */
export async function headNotChosen({ folder, command }: HeadAsked): Promise<UserError | undefined> {
  const own = folder === undefined ? [] : await findHeads(folder);
  const all = own.length > 0 ? own : await findHeads(usualFolder);
  const meant = folder === undefined || own.length > 0 ? [] : namedAlike(folder, all);
  const heads = meant.length > 0 ? meant : all;
  const newest = heads[0];
  if (newest === undefined) return undefined;
  const ranked = rankedWith(newest, heads);
  const best = ranked[0] ?? newest;
  const marks = (head: FoundHead): string =>
    [...(head === newest ? ['newest'] : []), ...(head === best ? ['best'] : [])].join(', ');
  const alike = heads.filter((head) => ranked.includes(head));
  const listed = [...alike, ...heads.filter((head) => !ranked.includes(head))].slice(0, mostListed);
  const rows = listed.map((head) => [shortPath(head.folder), percent(head.report.accuracy), marks(head)]);
  const columns = [
    { title: 'head', align: 'left' },
    { title: 'accuracy', align: 'right' },
    { title: '', align: 'left' },
  ] as const;
  const more = heads.length > listed.length ? [`and ${heads.length - listed.length} older ones`] : [];
  const table = textTable(columns, rows);
  // After the header and the comparable heads.
  if (alike.length < listed.length)
    table.splice(1 + alike.length, 0, 'not comparable with these (other data or another split):');
  const lines = [...table, ...more];
  const typed = async (head: FoundHead): Promise<string> => command(shortPath(head.folder));
  return new UserError({
    what: folder === undefined ? '--head is missing' : '--head is not usable',
    found: folder && `${folder}, ${describeFolder(own.length)}`,
    expected: `the folder of one report${meant.length > 0 ? ' of that name' : ''}, the newest first:\n${lines.join('\n')}`,
    fix: best === newest ? await typed(best) : `the best:   ${await typed(best)}\nthe newest: ${await typed(newest)}`,
    exitCode: 2,
  });
}

function describeFolder(reportCount: number): string {
  if (reportCount === 0) return 'where there is no report';
  return `a folder of ${reportCount === 1 ? 'a report' : `${reportCount} reports`}`;
}

/** Heads whose folder starts with the typed text, up to an ellipsis or a star; else the one with the nearest name. */
function namedAlike(typed: string, heads: readonly FoundHead[]): readonly FoundHead[] {
  const wanted = resolve(typed.replace(/(?:…|\.{3}|\*)$/, ''));
  const beginning = heads.filter(({ folder }) => resolve(folder).startsWith(wanted));
  if (beginning.length > 0) return beginning;
  // A file that is not in the report's folder.
  const around = heads.filter(({ folder }) => resolve(folder) === dirname(wanted));
  if (around.length > 0) return around;
  const folders = heads.map(({ folder }) => resolve(folder));
  const near = nearestName(wanted, folders);
  // `svm-smo-a5b84b89` alone, or without its suffix, also works.
  const name = basename(wanted);
  return heads.filter(({ folder }, i) =>
    near === undefined ? name !== '' && basename(folder).startsWith(name) : folders[i] === near,
  );
}

/**
 * Folder of the best head of the newest feature set and split under a folder of reports; undefined if there is none.
 *
 * @param features fingerprint of the features that the head takes; default: any
 */
export async function bestHead(reports: string = usualFolder, features?: string): Promise<string | undefined> {
  const heads = (await findHeads(reports)).filter(
    ({ report }) => features === undefined || report.features === features,
  );
  const [best] = heads[0] === undefined ? [] : rankedWith(heads[0], heads);
  return best && shortPath(best.folder);
}

/** The heads comparable with one of them, including itself, ranked as by `compare`. */
function rankedWith({ report }: FoundHead, heads: readonly FoundHead[]): readonly FoundHead[] {
  const group = groupReports(heads.map((head) => head.report)).find(({ reports }) => reports.includes(report));
  return group?.reports.flatMap((ranked) => heads.filter((head) => head.report === ranked)) ?? [];
}

async function findHeads(under: string): Promise<readonly FoundHead[]> {
  const found: FoundHead[] = [];
  if ((await listIfThere(nodeFiles, under)).length === 0) return found;
  for (const file of await findReports([under]).catch(() => [])) {
    const folder = dirname(file);
    const files = await listIfThere(nodeFiles, folder);
    // compare reports unreadable reports.
    const report = files.includes(headFile)
      ? await readReport(join(folder, 'report.json')).catch(() => undefined)
      : undefined;
    if (report !== undefined) found.push({ folder, report });
  }
  return found.sort((one, other) => (one.report.createdAt < other.report.createdAt ? 1 : -1));
}
