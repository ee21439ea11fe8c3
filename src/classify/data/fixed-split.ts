import { openTable } from '../../formats/table/open-table.ts';
import { fileSource, readRows } from '../../formats/table/table.ts';
import { checkTablePlace } from '../../formats/table/table-place.ts';
import type { Split } from '../../split/split.ts';
import { UserError } from '../../system/errors.ts';

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
 * @param ids id of each row
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
