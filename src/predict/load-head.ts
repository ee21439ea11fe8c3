import { dirname, join } from 'node:path';
import { hasFeatureSet } from '../classify/choose-features.ts';
import type { Report } from '../classify/result/report.ts';
import type { FittedHead, SavedHead } from '../models/model.ts';
import { loadHead } from '../models/registry.ts';
import { headFile, readSavedHead } from '../models/saved-head.ts';
import { readReport } from '../report/read-report.ts';
import { UserError, usageError } from '../system/errors.ts';
import { nodeFiles, statIfThere } from '../system/files.ts';
import { counted } from '../system/printable.ts';
import { type HeadAsked, headNotChosen } from './propose-heads.ts';

export interface ShippedHead {
  readonly head: FittedHead;
  /** The same head as plain data. */
  readonly saved: SavedHead;
  readonly report: Report;
}

/**
 * As `loadReportHead`, for a head that may be missing or a folder of several reports.
 *
 * @param asked.folder undefined if not given
 * @throws UserError that lists the available heads, with commands for the best and the newest
 */
export async function loadAskedHead(asked: HeadAsked): Promise<ShippedHead & { readonly folder: string }> {
  const { folder } = asked;
  // A photo given as a head, for example, is not in a report's folder.
  const ofReport = folder !== undefined && (await isFile(folder)) ? dirname(folder) : folder;
  const files = ofReport === folder ? [headFile] : [headFile, 'report.json'];
  const isReport = ofReport !== undefined && (await anyThere(ofReport, files));
  const proposal = isReport ? undefined : await headNotChosen(asked);
  if (proposal !== undefined) throw proposal;
  if (folder !== undefined) return { ...(await loadReportHead(folder)), folder };
  throw usageError(
    '--head',
    'nothing',
    'the folder of a report, which classify writes; there are no reports here',
    await trainingCommand(),
  );
}

/** Trains heads on the newest feature set, which is extracted first if there is none. */
async function trainingCommand(): Promise<string> {
  const classify = 'featuretap classify --model all';
  return (await hasFeatureSet('cache')) ? classify : `featuretap extract --data FOLDER\nthen: ${classify}`;
}

/**
 * Loads the saved head of a report, by its folder or one of its files.
 *
 * @throws UserError if there is none, or head and report do not match
 */
export async function loadReportHead(path: string): Promise<ShippedHead> {
  const folder = (await isFile(path)) ? dirname(path) : path;
  // Report the missing head first: a folder without one is not a report.
  if ((await statIfThere(nodeFiles, join(folder, headFile))) === undefined) await readSavedHead(folder);
  const report = await readReport(join(folder, 'report.json'));
  const saved = await readSavedHead(folder, report.headSha256);
  const head = loadHead(saved);
  const same =
    head.model === report.model &&
    head.dims === report.featureSet.dims &&
    head.classes.length === report.classes.length &&
    head.classes.every((name, i) => name === report.classes[i]);
  if (same) return { head, saved, report };
  throw new UserError({
    what: 'the saved head is not the one of its report',
    where: folder,
    found: `a ${head.model} head of ${counted(head.classes.length, 'class')} on ${counted(head.dims, 'feature')}`,
    expected: `${report.model}, ${counted(report.classes.length, 'class')}, ${counted(report.featureSet.dims, 'feature')}, as report.json says`,
    fix: 'run classify again; report.json holds the command that made it',
  });
}

async function anyThere(folder: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) if (await isThere(join(folder, name))) return true;
  return false;
}

/** Whether it exists, of any kind; reading it reports problems. */
async function isThere(path: string): Promise<boolean> {
  return nodeFiles.stat(path).then(
    () => true,
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await nodeFiles.stat(path)).isFile();
  } catch {
    return false;
  }
}
