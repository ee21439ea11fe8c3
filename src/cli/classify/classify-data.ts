import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { namedFeatureSet, newestFeatureSet } from '../../classify/choose-features.ts';
import { openExternalFeatures } from '../../classify/data/external-features.ts';
import { readSplits } from '../../classify/data/fixed-split.ts';
import { drawBesideTest, givenSplit, type TestPart } from '../../classify/data/given-split.ts';
import { joinSets } from '../../classify/data/join-sets.ts';
import { type JoinOptions, joinRows, type LabelledData, type RowOptions } from '../../classify/data/labelled-data.ts';
import { readLabels } from '../../classify/data/labels-file.ts';
import { isForeign } from '../../classify/data/matrix/open-matrix.ts';
import { sideBySide } from '../../classify/data/side-by-side.ts';
import { type FeatureSet, openFeatureSet } from '../../features/reader.ts';
import type { RowSource, StoredRows } from '../../rows/row-source.ts';
import type { ShuffleSplitOptions, Split } from '../../split/split.ts';
import { usageError } from '../../system/errors.ts';
import { shortPath } from '../../system/short-path.ts';
import { choice, flag, list, number, text, texts } from '../options.ts';
import type { Options, Session } from '../verb.ts';
import { groupsColumn } from './asked-groups.ts';

/** Options that say which rows there are and how they are split. */
export function dataOptions(yargs: Argv): Argv {
  return yargs
    .option('features', {
      type: 'string',
      describe:
        'folder of a feature set (default: the newest in cache), or what another program made: X.npy, X.npz:NAME, ' +
        '.parquet, .csv, or a folder of shards; repeated it compares networks, A+B puts two side by side',
    })
    .option('labels', {
      type: 'string',
      describe:
        'CSV with the header id,label, instead of those found at extraction; with X.npy: y.npy, .npz, .parquet or a CSV',
    })
    .option('label-column', {
      type: 'string',
      describe: 'of a table (--labels, or --features): the column with the labels [told by its name]',
    })
    .option('id-column', {
      type: 'string',
      describe: 'of a table: the column with the ids [told by its name, and by what it holds]',
    })
    .option('leave-out', { type: 'string', array: true, describe: 'classes whose images are left out, repeatable' })
    .option('min-images', { type: 'string', describe: 'leave classes with fewer images out, counted and named' })
    .option('sample-weight', { type: 'string', describe: 'column of --labels with the weight of each image' })
    .option('groups', {
      type: 'string',
      describe:
        'column of --labels: images of one group (one animal) stay on one side of every split; near-copies: copies of one image, exact or nearly, do',
    })
    .option('without-views', { type: 'boolean', describe: 'leave augmented views alone: train on plain images' })
    .option('test-size', {
      type: 'string',
      describe:
        'test images of each split, a fraction, a percentage or a count; with --groups, of the groups (default 0.1)',
    })
    .option('repeats', { type: 'string', describe: 'how many splits, up to 1000 (default 1)' })
    .option('split', {
      type: 'string',
      describe:
        'CSV with the header id,side[,repeat], side being train or test; or draw, where the data folder has a split of its own',
    })
    .option('test-on', {
      type: 'string',
      describe: "part of the data folder's own split to test on: val | test [val, or test where there is no other]",
    })
    .option('subsample', {
      type: 'string',
      describe:
        'train on a stratified part of the training images, drawn from the seed: a fraction, a percentage or a count',
    })
    .option('stream', {
      type: 'boolean',
      describe: 'linear: leave the features on the disk and go through them block by block, for sets past memory',
    })
    .option('memory', {
      type: 'string',
      describe: 'what the run may take: 500MB, 2GB (default: what is free; with --stream half of it)',
    })
    .option('max-missing', {
      type: 'string',
      describe:
        'share of inputs without a row that is let pass (default 0.01; files missing at extraction do not count)',
    });
}

/** One table for each feature set that was named, all of the same images in the same order. */
export async function readData(options: Options, session: Session): Promise<readonly LabelledData<RowSource>[]> {
  const all = texts(options, 'features');
  const leaveOut = list(options, 'leave-out');
  const minImages = number(options, 'min-images', { min: 1, whole: true });
  const small = minImages === undefined ? {} : { minImages };
  const foreign = all.find(isForeign);
  if (foreign !== undefined && all.length > 1) {
    throw usageError(
      '--features',
      `${foreign} beside others`,
      'feature sets: a matrix does not say which images it is of',
    );
  }
  if (foreign !== undefined) return [await readMatrix(options, session, foreign, { leaveOut, ...small })];
  for (const name of ['label-column', 'id-column']) {
    const column = text(options, name);
    if (column === undefined || options['labels'] !== undefined) continue;
    throw usageError(`--${name}`, `${column}, and a feature set`, 'a table as --labels or --features');
  }
  // Each table by the folders of its sets, several where they stand side by side.
  const asked: (readonly string[])[] = [];
  for (const given of all) asked.push(await namedFolders(given, session));
  if (asked.length === 0) asked.push([await newestFolder(session)]);
  const folders = [...new Set(asked.flat())];
  const again = asked.find((parts, i) => asked.slice(0, i).some((other) => other.join('+') === parts.join('+')));
  if (again !== undefined)
    throw usageError('--features', `${again.map(shortPath).join('+')} twice`, 'different features');
  const labelsFile = text(options, 'labels');
  const [sampleWeight, groups] = [text(options, 'sample-weight'), groupsColumn(options)];
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
          ...column('idColumn', text(options, 'id-column')),
          ...column('labelColumn', text(options, 'label-column')),
        });
  if (labels !== undefined) session.note(labels.reading);
  const joinOptions: JoinOptions = {
    leaveOut,
    ...small,
    maxMissing: number(options, 'max-missing', { min: 0, max: 1, percent: true }, 0.01),
    withoutViews: flag(options, 'without-views'),
    labels,
    sampleWeight,
    groups,
  };
  if (asked.length === 1 && folders.length === 1) return [joinRows(set, joinOptions)];
  const sideways = asked.find((parts) => parts.length > 1);
  if (
    sideways !== undefined &&
    sets.some(({ rowsPerImage }) => rowsPerImage > 1) &&
    joinOptions.withoutViews !== true
  ) {
    throw usageError(
      '--features',
      `${sideways.map(shortPath).join('+')}, with augmented views`,
      '--without-views: plain images alone',
    );
  }
  if (sideways !== undefined && flag(options, 'stream')) {
    throw usageError(
      '--stream',
      `given with --features ${sideways.map(shortPath).join('+')}`,
      'one feature set in each --features',
    );
  }
  const joined = new Map(joinSets(sets, joinOptions).map((table, i) => [folders[i] as string, table]));
  const tables: LabelledData<RowSource>[] = [];
  for (const parts of asked) {
    const own = parts.map((folder) => joined.get(folder) as LabelledData<StoredRows>);
    tables.push(own.length === 1 ? (own[0] as LabelledData<StoredRows>) : await sideBySide(own));
  }
  return tables;
}

/** @throws UserError where a feature set that was named is not there, or none was and there is none */
export async function checkNamed(options: Options, session: Session): Promise<void> {
  const all = texts(options, 'features');
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
  options: Options,
  session: Session,
  features: string,
  kept: Pick<RowOptions, 'leaveOut' | 'minImages'>,
): Promise<LabelledData<RowSource>> {
  for (const name of ['max-missing', 'without-views']) {
    if (options[name] !== undefined) throw usageError(`--${name}`, `a matrix: ${features}`, 'a feature set');
  }
  const [sampleWeight, groups] = [text(options, 'sample-weight'), groupsColumn(options)];
  return openExternalFeatures(features, text(options, 'labels'), {
    ...kept,
    labelColumn: text(options, 'label-column'),
    idColumn: text(options, 'id-column'),
    onNote: session.note,
    sampleWeight,
    groups,
  });
}

/**
 * Splits that are not drawn from all rows: of --split FILE, or the data folder's own. Undefined where they are to be
 * drawn. Whoever says how to draw (--test-size, --repeats, --groups) asks for a draw.
 */
export async function chooseSplits(
  options: Options,
  session: Session,
  data: LabelledData<RowSource>,
  draw: ShuffleSplitOptions,
): Promise<readonly Split[] | undefined> {
  const split = text(options, 'split');
  const testOn = choice(options, 'test-on', ['val', 'test'] as const satisfies readonly TestPart[]);
  if (split !== undefined && testOn !== undefined)
    throw usageError('--test-on', 'given with --split', 'one of the two');
  if (split !== undefined && split !== 'draw') return readFixedSplits(options, session, data);
  if (split === 'draw' && data.groups !== undefined) return undefined;
  const drawn = ['test-size', 'repeats', 'groups'].filter((name) => options[name] !== undefined);
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
  options: Options,
  session: Session,
  data: LabelledData<RowSource>,
): Promise<readonly Split[]> {
  const path = text(options, 'split', '');
  const { splits, unnamed, unknown } = await readSplits(path, data.ids);
  if (unnamed > 0) session.warn(`warning: ${unnamed} images are on no side of ${path}: left out`);
  if (unknown > 0) session.warn(`warning: ${unknown} lines of ${path} name no image that has a row and a label`);
  return splits;
}

function column<K extends string>(name: K, value: string | undefined): { readonly [name in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in K]: string });
}

function needsLabels(option: string, column: string): Error {
  return usageError(`--${option}`, `${column}, and no labels file`, `--labels FILE with a column ${column}`);
}
