import type { Report } from '../classify/result/report.ts';
import type { Json } from '../models/model.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import { sharedPath, weightsName } from './describe.ts';
import { findReports } from './find-reports.ts';
import { networksOf } from './networks.ts';
import { readReport } from './read-report.ts';

/** Comparable reports: the same images, labels and splits, with the same features or those of other networks. */
export interface ReportGroup {
  readonly splitHash: string;
  /** Features of the best report; `networksOf` lists all. */
  readonly features: string;
  /** How the group differs from the first, in words; empty for the first. */
  readonly differences: readonly string[];
  /** Best accuracy first; ties by log loss, then by folder. */
  readonly reports: readonly Report[];
}

export interface Comparison {
  /** Largest first. Never empty. */
  readonly groups: readonly ReportGroup[];
  /** Files that were left out, with the error message. */
  readonly unreadable: readonly { readonly file: string; readonly message: string }[];
}

/**
 * Finds, reads and groups reports.
 *
 * @param paths report files (unreadable ones are errors) or folders (unreadable files inside are listed)
 * @throws UserError if nothing can be compared
 */
export async function compareReports(paths: readonly string[]): Promise<Comparison> {
  const named = new Set(paths);
  const reports: Report[] = [];
  const unreadable: { file: string; message: string }[] = [];
  for (const file of await findReports(paths)) {
    try {
      reports.push(await readReport(file));
    } catch (error) {
      if (!(error instanceof UserError) || named.has(file)) throw error;
      unreadable.push({ file, message: error.message });
    }
  }
  if (reports.length === 0) {
    throw new UserError({
      what: 'none of the reports can be read',
      found: unreadable.map(({ message }) => message).join('\n'),
      fix: 'featuretap classify --model all',
    });
  }
  return { groups: groupReports(reports), unreadable };
}

/**
 * Groups by split and images, the largest group first, and ranks within each group. Images are identified by sha256;
 * reports without it are grouped by features.
 */
export function groupReports(reports: readonly Report[]): ReportGroup[] {
  const known = new Map<string, string>();
  for (const { splitHash, features, imagesSha256 } of reports) {
    if (imagesSha256 !== undefined) known.set(`${splitHash} ${features}`, imagesSha256);
  }
  const byKey = new Map<string, Report[]>();
  for (const report of reports) {
    const { splitHash, features, imagesSha256 } = report;
    const key = `${splitHash} ${imagesSha256 ?? known.get(`${splitHash} ${features}`) ?? features}`;
    byKey.set(key, [...(byKey.get(key) ?? []), report]);
  }
  const groups = [...byKey.values()].sort((a, b) => b.length - a.length);
  const first = groups[0]?.[0];
  return groups.map((members, i) => {
    const differences = i === 0 || first === undefined ? [] : describeDifferences(first, valueAt(members, 0));
    members.sort((a, b) => b.accuracy - a.accuracy || a.logLoss - b.logLoss || (a.report < b.report ? -1 : 1));
    const { splitHash, features } = valueAt(members, 0);
    return { splitHash, features, differences, reports: members };
  });
}

/** How the data of two reports differ, e.g. `seed 1, not 0`; never empty. */
function describeDifferences(reference: Report, other: Report): string[] {
  const said: string[] = [];
  const say = (name: string, ours: unknown, theirs: unknown): void => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
    if (a !== b) said.push(`${name} ${b ?? 'not known'}, not ${a ?? 'not known'}`);
  };
  say('feature set', sharedPath(reference.featureSet.folder), sharedPath(other.featureSet.folder));
  say('weights', weightsName(reference), weightsName(other));
  const shas = [reference, other].map((report) => report.featureSet.fields?.weightsSha256.slice(0, 12));
  if (weightsName(reference) === weightsName(other)) say('sha256 of the weights', shas[0], shas[1]);
  say('feature columns', reference.featureSet.dims, other.featureSet.dims);
  const [ours, theirs] = [reference.featureSet.fields, other.featureSet.fields];
  for (const name of ['architecture', 'tap', 'pool', 'dtype', 'precision', 'preprocessing', 'views'] as const) {
    say(name, ours?.[name], theirs?.[name]);
  }
  say('rows', reference.featureSet.rowCount, other.featureSet.rowCount);
  say('classes', reference.classes.length, other.classes.length);
  say('seed', reference.seed, other.seed);
  say('repeats', reference.perRepeat.length, other.perRepeat.length);
  say('training images', reference.trainSize, other.trainSize);
  say('test images', reference.testSize, other.testSize);
  if (said.length === 0 && reference.features !== other.features) said.push('the features hold other numbers');
  if (said.length === 0) said.push('other images or labels in the split');
  return said;
}

/**
 * A short name per report: the model, and how it differs from other reports of that model. `svm`, or `svm linear C=0.1`
 * beside `svm linear C=1`; with features of several networks `svm linear on dogs-dinov2`.
 */
export function reportNames(reports: readonly Report[]): string[] {
  const networks = networksOf(reports);
  return reports.map((report) => {
    const siblings = reports.filter(({ model, features }) => model === report.model && features === report.features);
    const told = Object.keys(report.params).filter((name) => {
      const values = new Set(siblings.map((sibling) => JSON.stringify(sibling.params[name])));
      return values.size > 1;
    });
    const parts = told.map((name) => nameParameter(name, report.params[name] ?? null));
    if (new Set(siblings.map((sibling) => sibling.solver)).size > 1) parts.push(`(${report.solver})`);
    const kernel = report.params['kernel'];
    if (typeof kernel === 'string' && !told.includes('kernel')) parts.unshift(kernel);
    const network = networks.find(({ features }) => features === report.features);
    return [report.model, ...parts, ...(networks.length > 1 ? ['on', network?.name] : [])].join(' ');
  });
}

function nameParameter(name: string, value: Json): string {
  if (name === 'kernel' && typeof value === 'string') return value;
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}
