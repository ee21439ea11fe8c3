import type { Split } from '../../split/split.ts';
import { UserError } from '../../system/errors.ts';
import { readRecords } from './labels-file.ts';

/** Splits that a file prescribes. */
export interface FixedSplits {
  readonly splits: readonly Split[];
  /** Rows of the data that no line of the file names: on neither side. */
  readonly unnamed: number;
  /** Lines whose id is not among the rows. */
  readonly unknown: number;
}

/**
 * Reads a split from a CSV file with the header `id,side` or `id,side,repeat`: side is `train` or `test`, repeat counts
 * from 0. Rows keep the file's order.
 *
 * @param ids id of each row
 * @throws UserError naming the line of another side, or of an id that is on both sides
 */
export async function readSplits(path: string, ids: readonly string[]): Promise<FixedSplits> {
  const { header, records } = await readRecords(path);
  const [idAt, sideAt, repeatAt] = ['id', 'side', 'repeat'].map((name) => header.indexOf(name)) as [
    number,
    number,
    number,
  ];
  if (idAt < 0 || sideAt < 0) throw unusable(path, 'line 1', header.join(','), 'the header id,side or id,side,repeat');
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const repeats: { train: number[]; test: number[]; sideOf: Map<number, string> }[] = [];
  const named = new Set<number>();
  let unknown = 0;
  records.forEach((record, i) => {
    const where = `line ${i + 2}`;
    const [id, side, repeat] = [record[idAt] ?? '', record[sideAt] ?? '', Number(repeatAt < 0 ? 0 : record[repeatAt])];
    if (side !== 'train' && side !== 'test')
      throw unusable(path, where, `side ${JSON.stringify(side)}`, 'train or test');
    if (!Number.isSafeInteger(repeat) || repeat < 0 || repeat > records.length) {
      throw unusable(path, where, `repeat ${record[repeatAt]}`, 'a whole number from 0');
    }
    const row = rowOf.get(id);
    if (row === undefined) {
      unknown++;
      return;
    }
    repeats[repeat] ??= { train: [], test: [], sideOf: new Map() };
    const sides = repeats[repeat];
    const other = sides.sideOf.get(row);
    if (other !== undefined) throw unusable(path, where, `${id} once more`, `each id once, it is ${other} already`);
    sides.sideOf.set(row, side);
    sides[side].push(row);
    named.add(row);
  });
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
