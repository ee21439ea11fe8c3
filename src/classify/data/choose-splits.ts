import { openTable } from '../../formats/table/open-table.ts';
import { fileSource, readRows } from '../../formats/table/table.ts';
import { checkTablePlace } from '../../formats/table/table-place.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { type ShuffleSplitOptions, type Split, stratifiedShuffleSplit } from '../../split/split.ts';
import { valuesAt } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import type { ClassifyValues } from '../options.ts';
import type { LabelledData } from './labelled-data.ts';

/** Parts of the data folder's own split to test on. */
type TestPart = 'val' | 'test';

interface GivenSplit {
  readonly splits: readonly Split[];
  readonly text: string;
}

/**
 * The data folder's own split: train on its training part, test on `testOn`; default: the validation part, or the test
 * part if there is none. Rows keep the data's order.
 *
 * @returns undefined if the data folder has none
 * @throws UserError if a required part has no image
 */
export function givenSplit(data: LabelledData<RowSource>, testOn?: TestPart): GivenSplit | undefined {
  const { parts } = data;
  if (parts === undefined) {
    if (testOn === undefined) return undefined;
    throw usageError('--test-on', testOn, 'a feature set whose data folder has train/, val/ or test/');
  }
  const count = (part: string): number => parts.filter((each) => each === part).length;
  const chosen = testOn ?? (count('val') > 0 ? 'val' : 'test');
  const [train, test] = [rowsOf(parts, 'train'), rowsOf(parts, chosen)];
  if (train.length === 0 || test.length === 0) {
    throw new UserError({
      what: `the ready-made split has no image in ${train.length === 0 ? 'train' : chosen}`,
      where: data.featureSet.folder,
      found: `${count('train')} in train, ${count('val')} in val, ${count('test')} in test, with rows and labels`,
      expected: 'images on both sides',
      fix: '--split draw draws one, --test-on val|test chooses the other part',
    });
  }
  checkTrainedClasses(data, train, test, chosen);
  const kept =
    chosen === 'val' && count('test') > 0
      ? `; test, ${counted(count('test'), 'image')}, is kept for --test-on test`
      : '';
  return {
    splits: [{ train, test }],
    text: `the data folder's own split: trained on train, tested on ${chosen}${kept} (--split draw draws one instead)`,
  };
}

/**
 * Draws splits from the training and validation parts of the data folder's own split; undefined if it has no test part.
 *
 * @throws UserError as `stratifiedShuffleSplit`
 */
export function drawBesideTest(data: LabelledData<RowSource>, options: ShuffleSplitOptions): GivenSplit | undefined {
  const { parts } = data;
  const kept = parts?.filter((part) => part === 'test').length ?? 0;
  if (parts === undefined || kept === 0) return undefined;
  const rows = Int32Array.from(parts.keys()).filter((row) => parts[row] !== 'test');
  const labels = takeInts(data.labels, rows);
  const map = (places: Int32Array): Int32Array => takeInts(rows, places);
  const drawn = stratifiedShuffleSplit(labels, data.classes, options);
  return {
    splits: drawn.map(({ train, test }) => ({ train: map(train), test: map(test) })),
    text: `drawn from train and val; test, ${counted(kept, 'image')}, is kept for --test-on test`,
  };
}

function rowsOf(parts: readonly string[], part: string): Int32Array {
  return Int32Array.from(parts.keys()).filter((row) => parts[row] === part);
}

function checkTrainedClasses(
  { labels, classes, featureSet }: LabelledData<RowSource>,
  train: Int32Array,
  test: Int32Array,
  part: TestPart,
): void {
  const known = new Set(takeInts(labels, train));
  const foreign = [...new Set(takeInts(labels, test))].filter((label) => !known.has(label));
  if (foreign.length === 0) return;
  const names = valuesAt(classes, foreign);
  throw new UserError({
    what: `${counted(foreign.length, 'class')} of ${part} ${foreign.length === 1 ? 'is' : 'are'} not in train`,
    where: featureSet.folder,
    found: `${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`,
    expected: 'the same classes in both',
    fix: `${names
      .slice(0, 3)
      .map((name) => `--leave-out ${name}`)
      .join(' ')} leaves them out; or --split draw`,
  });
}

type SplitValues = Pick<ClassifyValues, 'split' | 'testOn'>;

function isFile(split: string | undefined): split is string {
  return split !== undefined && split !== 'draw';
}

/** @throws a usage UserError if `--split` names a file and the option `drawn` asks for splits to be drawn */
export function checkDrawn({ split }: SplitValues, drawn: string | undefined): void {
  if (drawn !== undefined && isFile(split)) throw usageError(`--${drawn}`, 'given with --split', 'one of the two');
}

/**
 * The splits of `--split FILE`, or the data folder's own without its test images; undefined if they are to be drawn from
 * all rows.
 *
 * @param drawn the option that asks for a draw: `test-size`, `repeats` or `groups`; undefined if none was given
 * @throws a usage UserError if options contradict each other
 */
export async function chooseSplits(
  { split, testOn, testSize, seed, repeats }: SplitValues & ShuffleSplitOptions,
  data: LabelledData<RowSource>,
  drawn: string | undefined,
  { note, warn }: Readonly<Record<'note' | 'warn', (line: string) => void>>,
): Promise<readonly Split[] | undefined> {
  if (split !== undefined && testOn !== undefined)
    throw usageError('--test-on', 'given with --split', 'one of the two');
  if (isFile(split)) {
    const { splits, unnamed, unknown } = await readSplits(split, data.ids);
    if (unnamed > 0)
      warn(`warning: ${counted(unnamed, 'image')} ${unnamed === 1 ? 'is' : 'are'} on no side of ${split}: left out`);
    if (unknown > 0)
      warn(
        `warning: ${counted(unknown, 'line')} of ${split} ${unknown === 1 ? 'names' : 'name'} no image that has a row and a label`,
      );
    return splits;
  }
  if (drawn !== undefined && testOn !== undefined) {
    throw usageError('--test-on', `given with --${drawn}`, `--split draw --${drawn}, or --test-on alone`);
  }
  if (data.groups !== undefined) return undefined;
  const isDrawn = split === 'draw' || drawn !== undefined;
  const given = isDrawn ? drawBesideTest(data, { testSize, seed, repeats }) : givenSplit(data, testOn);
  if (given !== undefined) note(given.text);
  return given?.splits;
}

interface FixedSplits {
  readonly splits: readonly Split[];
  /** Rows of the data without a line in the file: on neither side. */
  readonly unnamed: number;
  /** Lines whose id is not among the rows. */
  readonly unknown: number;
}

/**
 * Reads splits from a table, such as a CSV file with the header `id,side` or `id,side,repeat`: side is `train` or
 * `test`, repeat counts from 0. Rows keep the file's order.
 *
 * @throws UserError naming the line of an invalid side, or of an id on both sides
 */
export async function readSplits(path: string, ids: readonly string[]): Promise<FixedSplits> {
  await checkTablePlace(path, { option: 'split' });
  const table = await openTable(fileSource(path, '--split'));
  for (const name of ['id', 'side']) {
    if (table.columns.includes(name)) continue;
    throw unusable(path, 'line 1', table.columns.join(','), 'the header id,side or id,side,repeat');
  }
  const places = ['id', 'side', 'repeat'].map((name) => table.columns.indexOf(name)).filter((place) => place >= 0);
  const rows = await readRows(table, places);
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const repeats: { train: number[]; test: number[]; sideOf: Map<number, string> }[] = [];
  const named = new Set<number>();
  let unknown = 0;
  for (const { line, cells } of rows) {
    const where = `line ${line}`;
    const [id = '', side = '', repeatText = '0'] = cells;
    const repeat = Number(repeatText);
    if (side !== 'train' && side !== 'test')
      throw unusable(path, where, `side ${JSON.stringify(side)}`, 'train or test');
    if (!Number.isSafeInteger(repeat) || repeat < 0 || repeat > rows.length) {
      throw unusable(path, where, `repeat ${repeatText}`, 'a whole number from 0');
    }
    const row = rowOf.get(id);
    if (row === undefined) {
      unknown++;
      continue;
    }
    repeats[repeat] ??= { train: [], test: [], sideOf: new Map() };
    const sides = repeats[repeat];
    const other = sides.sideOf.get(row);
    if (other !== undefined) throw unusable(path, where, `${id} once more`, `each id once, it is ${other} already`);
    sides.sideOf.set(row, side);
    sides[side].push(row);
    named.add(row);
  }
  const splits = Array.from(repeats, (sides, repeat) => {
    if (sides === undefined || sides.train.length === 0 || sides.test.length === 0) {
      const counts = `${sides?.train.length ?? 0} training and ${sides?.test.length ?? 0} test rows in repeat ${repeat}`;
      throw unusable(path, 'the whole file', counts, 'rows of the feature set on both sides');
    }
    return { train: Int32Array.from(sides.train), test: Int32Array.from(sides.test) };
  });
  if (splits.length === 0) throw unusable(path, 'the whole file', `${unknown} ids, none with a row`, 'ids of the rows');
  return { splits, unnamed: ids.length - named.size, unknown };
}

function unusable(path: string, place: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the split file is not usable', where: `${path}, ${place}`, found, expected });
}
