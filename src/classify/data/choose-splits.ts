import type { RowSource } from '../../rows/row-source.ts';
import type { ShuffleSplitOptions, Split } from '../../split/split.ts';
import { usageError } from '../../system/errors.ts';
import type { ClassifyValues } from '../options.ts';
import { readSplits } from './fixed-split.ts';
import { drawBesideTest, givenSplit } from './given-split.ts';
import type { LabelledData } from './labelled-data.ts';

type SplitValues = Pick<ClassifyValues, 'split' | 'testOn'>;

/** Whether `--split` names a file. */
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
