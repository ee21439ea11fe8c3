import { isRecord, valueAt } from '../../system/at.ts';
import { messageOf } from '../../system/errors.ts';
import { cellText } from './cell.ts';
import { decoded, encodingOf } from './encoding.ts';
import { headOf, type Table, type TableRow, type TableSource, tableError, unreadable } from './table.ts';

const lookedAt = 1000;
const longestLine = 4 << 20;

/** Opens a table of JSON Lines: an object on each line, whose keys are the columns. */
export async function openJsonLines(source: TableSource): Promise<Table> {
  const encoding = await encodingOf(source, await headOf(source, 4096));
  const columns = new Set<string>();
  let seen = 0;
  for await (const { object } of objects(source, encoding)) {
    for (const key of Object.keys(object)) columns.add(key);
    if (++seen === lookedAt) break;
  }
  if (seen === 0) throw tableError(source, 'is empty', 'no line', 'put a line for each image into it');
  if (columns.size === 0) throw tableError(source, 'has no column', 'empty objects', 'name another file');
  const names = [...columns];
  return {
    where: source.where,
    name: source.name,
    columns: names,
    notes: [],
    rows: async function* (wanted): AsyncGenerator<TableRow> {
      for await (const { line, object } of objects(source, encoding)) {
        const cells = wanted.map((column) => {
          const name = valueAt(names, column);
          return Object.hasOwn(object, name) ? cellText(object[name]) : '';
        });
        yield { line, cells };
      }
    },
  };
}

interface Line {
  readonly line: number;
  readonly object: Readonly<Record<string, unknown>>;
}

async function* objects(source: TableSource, encoding: Awaited<ReturnType<typeof encodingOf>>): AsyncGenerator<Line> {
  let number = 0;
  let open = '';
  try {
    for await (const text of decoded(source, encoding)) {
      const lines = (open + text).split('\n');
      open = lines.pop() ?? '';
      if (open.length > longestLine) throw tooLong(source, number + lines.length + 1);
      for (const line of lines) {
        number++;
        if (line.trim() !== '') yield { line: number, object: parseLine(source, line, number) };
      }
    }
  } catch (error) {
    throw unreadable(source, error);
  }
  if (open.trim() !== '') yield { line: number + 1, object: parseLine(source, open, number + 1) };
}

function parseLine(source: TableSource, text: string, line: number): Line['object'] {
  const fix = 'JSON Lines: an object on each line, {"file_name": "a.jpg", "label": "cat"}';
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    throw tableError(source, 'cannot be read', messageOf(error), fix, line, error);
  }
  throw tableError(source, 'cannot be read', `no object: ${text.slice(0, 80)}`, fix, line);
}

function tooLong(source: TableSource, line: number): Error {
  return tableError(source, 'cannot be read', `a line of more than ${longestLine} characters`, 'JSON Lines', line);
}
