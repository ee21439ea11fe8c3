import { parse } from 'csv-parse/sync';
import { UserError } from '../../system/errors.ts';
import { nodeFiles, readText } from '../../system/files.ts';

/** A CSV file of labels: the id in the first column, the label in the second, more by name. */
export interface LabelsFile {
  readonly path: string;
  /** In the file's order. */
  readonly labels: ReadonlyMap<string, string>;
  /** Names of the columns after the second. */
  readonly extraColumns: readonly string[];
  /** Value of an extra column for each id. */
  readonly column: (name: string) => ReadonlyMap<string, string>;
}

/**
 * Reads a labels file with a header (Kaggle's labels.csv is one).
 *
 * @throws UserError naming the line of an id without a label, or of an id that has two labels
 */
export async function readLabels(path: string): Promise<LabelsFile> {
  const { header, records } = await readRecords(path);
  if (header.length < 2) {
    throw unusable(path, 'line 1', JSON.stringify(header.join(',')), 'a header with at least two columns: id,label');
  }
  const labels = new Map<string, string>();
  const rowOf = new Map<string, readonly string[]>();
  records.forEach((record, i) => {
    const [id = '', label = ''] = record;
    if (id === '' || label === '') {
      const found = `id ${JSON.stringify(id)}, label ${JSON.stringify(label)}`;
      throw unusable(path, `line ${i + 2}`, found, 'an id and a label');
    }
    const known = labels.get(id);
    if (known !== undefined && known !== label) {
      throw unusable(path, `line ${i + 2}`, `${id} is ${known} and ${label}`, 'one label for each id');
    }
    labels.set(id, label);
    rowOf.set(id, record);
  });
  if (labels.size === 0) throw unusable(path, 'the whole file', 'no line after the header', 'one line per image');
  const extraColumns = header.slice(2);
  return {
    path,
    labels,
    extraColumns,
    column: (name) => {
      const at = placeOf(path, header, 2, name);
      return new Map(Array.from(rowOf, ([id, record]) => [id, record[at] ?? '']));
    },
  };
}

/** @throws UserError when no column from `first` on has the name */
function placeOf(path: string, header: readonly string[], first: number, name: string): number {
  const at = header.indexOf(name, first);
  if (at >= 0) return at;
  const others = header.slice(first);
  throw new UserError({
    what: `the labels file has no column ${name}`,
    where: path,
    found: others.length === 0 ? 'no column after the label' : others.join(', '),
    exitCode: 2,
  });
}

/** One label per row of a matrix, in its order. */
export interface RowLabels {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** Values of a column after the label, row by row. @throws UserError when there is no such column */
  column(name: string): readonly string[];
}

/**
 * Reads labels that go with the rows of a matrix in order: a header, then one label per line, or id and label.
 *
 * @throws UserError naming the line of a row without a label
 */
export async function readRowLabels(path: string): Promise<RowLabels> {
  const { header, records } = await readRecords(path);
  const place = header.length >= 2 ? 1 : 0;
  const names = records.map((record, i) => {
    const name = record[place] ?? '';
    if (name === '') throw unusable(path, `line ${i + 2}`, 'no label', 'a label for every row');
    return name;
  });
  return {
    ids: records.map((record, i) => (place === 1 ? (record[0] as string) : `row-${i}`)),
    names,
    column: (name) => {
      const at = placeOf(path, header, place + 1, name);
      return records.map((record) => record[at] ?? '');
    },
  };
}

/** Header and lines of a CSV file. @throws UserError when it cannot be read or is no CSV */
export async function readRecords(
  path: string,
): Promise<{ readonly header: readonly string[]; readonly records: readonly (readonly string[])[] }> {
  let text: string;
  try {
    text = await readText(nodeFiles, path);
  } catch (cause) {
    throw new UserError({
      what: 'the labels file cannot be read',
      where: path,
      found: (cause as UserError).parts.found ?? '',
      fix: 'the option names a CSV file with the header id,label',
      cause,
    });
  }
  try {
    const [header, ...records] = parse(text, { bom: true, relax_column_count: true, trim: true }) as string[][];
    return { header: header ?? [], records };
  } catch (cause) {
    throw unusable(path, 'the whole file', (cause as Error).message, 'CSV with the header id,label');
  }
}

function unusable(path: string, place: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the labels file is not usable', where: `${path}, ${place}`, found, expected });
}
