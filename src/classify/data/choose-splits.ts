import { takeInts } from '../../numerics/arrays.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { type ShuffleSplitOptions, type Split, stratifiedShuffleSplit } from '../../split/split.ts';
import { valuesAt } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import type { ClassifyValues } from '../options.ts';
import { readSplits } from './fixed-split.ts';
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
  refuseUntrained(data, train, test, chosen);
  const kept =
    chosen === 'val' && count('test') > 0 ? `; test, ${count('test')} images, is kept for --test-on test` : '';
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
    text: `drawn from train and val; test, ${kept} images, is kept for --test-on test`,
  };
}

function rowsOf(parts: readonly string[], part: string): Int32Array {
  return Int32Array.from(parts.keys()).filter((row) => parts[row] === part);
}

function refuseUntrained(
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
    what: `${foreign.length} classes of ${part} are not in train`,
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
    if (unnamed > 0) warn(`warning: ${unnamed} images are on no side of ${split}: left out`);
    if (unknown > 0) warn(`warning: ${unknown} lines of ${split} name no image that has a row and a label`);
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
