import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { namedFeatureSet, newestFeatureSet } from '../../classify/choose-features.ts';
import { openExternalFeatures } from '../../classify/data/external-features.ts';
import { readSplits } from '../../classify/data/fixed-split.ts';
import { drawBesideTest, givenSplit } from '../../classify/data/given-split.ts';
import { joinSets } from '../../classify/data/join-sets.ts';
import { type JoinOptions, joinRows, type LabelledData } from '../../classify/data/labelled-data.ts';
import { readLabels } from '../../classify/data/labels-file.ts';
import { isForeign } from '../../classify/data/matrix/open-matrix.ts';
import { sideBySide } from '../../classify/data/side-by-side.ts';
import { type FeatureSet, openFeatureSet } from '../../features/reader.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { ShuffleSplitOptions, Split } from '../../split/split.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import { usageError } from '../../system/errors.ts';
import { type OptionValues, parseBytes, type RawOptions } from '../../system/options.ts';
import { shortPath } from '../../system/short-path.ts';
import { retyped, withoutOption } from '../retyped.ts';
import type { Session } from '../verb.ts';
import { groupsColumn } from './asked-groups.ts';

/** Options that say which rows there are and how they are split. */
export const dataOptions = {
  features: {
    describe:
      'folder of a feature set, or what another program made: X.npy, X.npz:NAME, .parquet, .csv, or a folder of shards; repeated it compares networks, A+B puts two side by side',
    text: true,
    list: 'whole',
    unset: 'the newest in cache',
  },
  labels: {
    describe: 'CSV with the header id,label; with X.npy: y.npy, .npz, .parquet or a CSV',
    text: true,
    unset: 'those found at extraction',
  },
  labelColumn: {
    describe: 'of a table (--labels, or --features): the column with the labels',
    text: true,
    unset: 'by its name',
  },
  idColumn: {
    describe: 'of a table: the column with the ids',
    text: true,
    unset: 'by its name, and by what it holds',
  },
  leaveOut: { describe: 'classes whose images are left out, repeatable', text: true, list: true, greedy: true },
  minImages: {
    describe: 'leave classes with fewer images out, counted and named',
    numbers: { min: 1, whole: true },
  },
  sampleWeight: { describe: 'column of --labels with the weight of each image', text: true },
  groups: {
    describe:
      'column of --labels: images of one group (one animal) stay on one side of every split; near-copies: copies of one image, exact or nearly, do',
    text: true,
  },
  withoutViews: { describe: 'ignore augmented views: train on original images', flag: true },
  testSize: {
    describe: 'test images of each split, a fraction, a percentage or a count; with --groups, of the groups',
    numbers: { above: 0, percent: true },
    default: 0.1,
  },
  repeats: {
    // The mean of so many moves by nothing that matters, and each is a fit.
    describe: 'how many splits',
    numbers: { min: 1, max: 1000, whole: true },
    default: 1,
  },
  split: {
    describe:
      'CSV with the header id,side[,repeat], side being train or test; or draw, where the data folder has a split of its own',
    text: true,
  },
  testOn: {
    describe: "part of the data folder's own split to test on",
    words: ['val', 'test'],
    unset: 'val, or test where there is no other',
  },
  subsample: {
    describe: 'train on a stratified random subset of the training images: a fraction, a percentage or a count',
    numbers: { percent: true },
  },
  stream: {
    describe: 'linear: read the features from disk block by block, for sets larger than memory',
    flag: true,
  },
  memory: {
    describe: 'memory limit of the run: 500MB, 2GB',
    parse: parseBytes as typeof parseBytes,
    unset: 'what is free; with --stream half of it',
  },
  maxMissing: {
    describe: 'allowed share of inputs without a row; files missing at extraction do not count',
    numbers: { min: 0, max: 1, percent: true },
    default: 0.01,
  },
} as const;

export type DataValues = OptionValues<typeof dataOptions>;

/** One table for each feature set that was named, all of the same images in the same order. */
export async function readData(
  values: DataValues,
  session: Session,
  given: RawOptions,
): Promise<readonly LabelledData<RowSource>[]> {
  const { features: all, labels: labelsFile, leaveOut, minImages, sampleWeight, withoutViews } = values;
  const foreign = all.find(isForeign);
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
  // Each table by the folders of its sets, several where they stand side by side.
  const asked: (readonly string[])[] = [];
  for (const given of all) asked.push(await namedFolders(given, session));
  if (asked.length === 0) asked.push([await newestFolder(session)]);
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
  const [set] = sets as [FeatureSet];
  const labels =
    labelsFile === undefined
      ? undefined
      : await readLabels(labelsFile, {
          isId: (cell) => set.rowOf(cell) !== undefined,
          others: [sampleWeight, groups],
          ...{ idColumn, labelColumn },
        });
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

/** @throws UserError if a feature set that was named is not there, or none was and there is none */
export async function checkNamed(all: readonly string[], session: Session): Promise<void> {
  if (all.length === 0) await newestFolder(session);
  for (const given of all) if (!isForeign(given)) await namedFolders(given, session);
}

/** The folders behind one `--features`: `a+b` is two of them, unless there is a folder of that name. */
async function namedFolders(given: string, session: Session): Promise<readonly string[]> {
  const whole = !given.includes('+') || existsSync(given) || existsSync(join('cache', given));
  const names = whole ? [given] : given.split('+');
  if (names.some((name) => name.trim() === '')) throw usageError('--features', given, 'FOLDER+FOLDER');
  const folders: string[] = [];
  for (const name of names) folders.push(resolve(await namedFolder(name, session)));
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined)
    throw usageError('--features', `${given}: ${shortPath(twice)} twice`, 'different feature sets');
  return folders;
}

async function namedFolder(given: string, session: Session): Promise<string> {
  const folder = await namedFeatureSet(given, 'cache');
  if (folder !== given) session.note(`features: ${folder}`);
  return folder;
}

async function newestFolder(session: Session): Promise<string> {
  const chosen = await newestFeatureSet('cache');
  const others = chosen.others === 0 ? '' : `, the newest of ${chosen.others + 1} (--features names another)`;
  session.note(`features: ${chosen.folder}${others}`);
  return chosen.folder;
}

async function readMatrix(
  values: DataValues,
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

/**
 * Splits that are not drawn from all rows: of --split FILE, or the data folder's own. Undefined if they are to be
 * drawn. Whoever says how to draw (--test-size, --repeats, --groups) asks for a draw.
 */
export async function chooseSplits(
  { split, testOn }: DataValues,
  session: Session,
  data: LabelledData<RowSource>,
  draw: ShuffleSplitOptions,
  asked: RawOptions,
): Promise<readonly Split[] | undefined> {
  if (split !== undefined && testOn !== undefined)
    throw usageError('--test-on', 'given with --split', 'one of the two');
  if (split !== undefined && split !== 'draw') return readFixedSplits(split, session, data);
  if (split === 'draw' && data.groups !== undefined) return undefined;
  const drawn = ['test-size', 'repeats', 'groups'].filter((name) => asked[name] !== undefined);
  if (drawn.length > 0 && testOn !== undefined) {
    throw usageError('--test-on', `given with --${drawn[0]}`, `--split draw --${drawn[0]}, or --test-on alone`);
  }
  if (data.groups !== undefined) return undefined;
  const isDrawn = split === 'draw' || drawn.length > 0;
  const given = isDrawn ? drawBesideTest(data, draw) : givenSplit(data, testOn);
  if (given !== undefined) session.note(given.text);
  return given?.splits;
}

async function readFixedSplits(
  path: string,
  session: Session,
  data: LabelledData<RowSource>,
): Promise<readonly Split[]> {
  const { splits, unnamed, unknown } = await readSplits(path, data.ids);
  if (unnamed > 0) session.warn(`warning: ${unnamed} images are on no side of ${path}: left out`);
  if (unknown > 0) session.warn(`warning: ${unknown} lines of ${path} name no image that has a row and a label`);
  return splits;
}

function needsLabels(option: string, column: string): Error {
  return usageError(`--${option}`, `${column}, and no labels file`, `--labels FILE with a column ${column}`);
}
