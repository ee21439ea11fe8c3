import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chosenFeatureSet } from '../../classify/choose-features.ts';
import { groupsColumn } from '../../classify/copies/copies.ts';
import { openExternalFeatures } from '../../classify/data/external-features.ts';
import { joinSets } from '../../classify/data/join-sets.ts';
import { type JoinOptions, joinRows, type LabelledData } from '../../classify/data/labelled-data.ts';
import { readLabelsOf } from '../../classify/data/labels-file.ts';
import { isExternal } from '../../classify/data/matrix/open-matrix.ts';
import { sideBySide } from '../../classify/data/side-by-side.ts';
import type { ClassifyValues } from '../../classify/options.ts';
import { openFeatureSet } from '../../features/reader.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import { usageError } from '../../system/errors.ts';
import type { RawOptions } from '../../system/options.ts';
import { shortPath } from '../../system/short-path.ts';
import { retyped, withoutOption } from '../retyped.ts';
import type { Session } from '../verb.ts';

/** One table per given feature set, all with the same images in the same order. */
export async function readData(
  values: ClassifyValues,
  session: Session,
  given: RawOptions,
): Promise<readonly LabelledData<RowSource>[]> {
  const { features: all, labels: labelsFile, leaveOut, minImages, sampleWeight, withoutViews } = values;
  const areForeign = await Promise.all(all.map(isExternal));
  const foreign = all.find((_, i) => areForeign[i]);
  if (foreign !== undefined && all.length > 1) {
    throw usageError(
      '--features',
      `${foreign} beside others`,
      'feature sets: a matrix does not say which images it is of',
    );
  }
  if (foreign !== undefined) return [await readMatrix(values, session, foreign, given)];
  const { labelColumn, idColumn } = values;
  for (const [name, column] of Object.entries({ 'label-column': labelColumn, 'id-column': idColumn })) {
    if (column === undefined || labelsFile !== undefined) continue;
    throw usageError(`--${name}`, `${column}, and a feature set`, 'a table as --labels or --features');
  }
  // The folders of each table: several for sets side by side.
  const asked: (readonly string[])[] = [];
  for (const given of all) asked.push(await namedFolders(given, session));
  if (asked.length === 0) asked.push([await chosenFeatureSet(undefined, 'cache', session.note)]);
  const folders = [...new Set(asked.flat())];
  const again = asked.find((parts, i) => asked.slice(0, i).some((other) => other.join('+') === parts.join('+')));
  if (again !== undefined) {
    const once = [...new Set(asked.map((parts) => parts.map(shortPath).join('+')))];
    const fix = retyped([...withoutOption(session.args, 'features'), ...once.flatMap((name) => ['--features', name])]);
    throw usageError('--features', `${again.map(shortPath).join('+')} twice`, 'different features', fix);
  }
  const groups = groupsColumn(values);
  if (labelsFile === undefined && sampleWeight !== undefined) throw needsLabels('sample-weight', sampleWeight);
  if (labelsFile === undefined && groups !== undefined) throw needsLabels('groups', groups);
  const sets = await Promise.all(folders.map((folder) => openFeatureSet(folder)));
  const set = valueAt(sets, 0);
  const columns = { idColumn, labelColumn, sampleWeight, groups };
  const labels = labelsFile === undefined ? undefined : await readLabelsOf(set, labelsFile, columns);
  if (labels !== undefined) session.note(labels.reading);
  const joinOptions: JoinOptions = {
    leaveOut,
    minImages,
    maxMissing: values.maxMissing,
    withoutViews,
    labels,
    sampleWeight,
    groups,
  };
  if (asked.length === 1 && folders.length === 1) return [joinRows(set, joinOptions)];
  const sideways = asked.find((parts) => parts.length > 1);
  if (sideways !== undefined && sets.some(({ rowsPerImage }) => rowsPerImage > 1) && !withoutViews) {
    throw usageError(
      '--features',
      `${sideways.map(shortPath).join('+')}, with augmented views`,
      '--without-views: plain images alone',
    );
  }
  if (sideways !== undefined && values.stream) {
    throw usageError(
      '--stream',
      `given with --features ${sideways.map(shortPath).join('+')}`,
      'one feature set in each --features',
    );
  }
  const joined = new Map(joinSets(sets, joinOptions).map((table, i) => [valueAt(folders, i), table]));
  const tables: LabelledData<RowSource>[] = [];
  for (const parts of asked) {
    const own = parts.map((folder) => lookUp(joined, folder));
    tables.push(own.length === 1 ? valueAt(own, 0) : await sideBySide(own));
  }
  return tables;
}

/** @throws UserError if a given feature set is missing, or none is given and none exists */
export async function checkNamed(all: readonly string[], session: Session): Promise<void> {
  if (all.length === 0) await chosenFeatureSet(undefined, 'cache', session.note);
  for (const given of all) if (!(await isExternal(given))) await namedFolders(given, session);
}

/** The folders of one `--features`: two for `a+b`, unless a folder has that name. */
async function namedFolders(given: string, session: Session): Promise<readonly string[]> {
  const whole = !given.includes('+') || existsSync(given) || existsSync(join('cache', given));
  const names = whole ? [given] : given.split('+');
  if (names.some((name) => name.trim() === '')) throw usageError('--features', given, 'FOLDER+FOLDER');
  const folders: string[] = [];
  for (const name of names) folders.push(resolve(await chosenFeatureSet(name, 'cache', session.note)));
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined)
    throw usageError('--features', `${given}: ${shortPath(twice)} twice`, 'different feature sets');
  return folders;
}

async function readMatrix(
  values: ClassifyValues,
  session: Session,
  features: string,
  given: RawOptions,
): Promise<LabelledData<RowSource>> {
  for (const name of ['max-missing', 'without-views']) {
    if (given[name] !== undefined) throw usageError(`--${name}`, `a matrix: ${features}`, 'a feature set');
  }
  const { labels, leaveOut, minImages, labelColumn, idColumn, sampleWeight } = values;
  const groups = groupsColumn(values);
  const rows = { leaveOut, minImages, labelColumn, idColumn, sampleWeight, groups };
  return openExternalFeatures(features, labels, { ...rows, onNote: session.note });
}

function needsLabels(option: string, column: string): Error {
  return usageError(`--${option}`, `${column}, and no labels file`, `--labels FILE with a column ${column}`);
}
