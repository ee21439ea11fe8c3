import { posix } from 'node:path';
import { readNpyLabels } from '../../../formats/npy/npy-labels.ts';
import { openParquet } from '../../../formats/parquet.ts';
import { openTable } from '../../../formats/table/open-table.ts';
import { fileSource, readRows } from '../../../formats/table/table.ts';
import { checkTablePlace } from '../../../formats/table/table-place.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { counted } from '../../../system/printable.ts';
import { noColumn, unusable } from '../labels-file.ts';
import { columnRoles } from './column-roles.ts';
import type { ExternalMatrix, MatrixOptions, RowNames } from './external-matrix.ts';
import { readNpzLabels } from './npy-matrix.ts';
import { matrixPlace } from './open-matrix.ts';
import { rowNames } from './table-matrix.ts';

/** Labels of a matrix's rows, '' if a row has none. */
interface MatrixLabels extends RowNames {
  readonly ids: readonly string[];
  /** Their source, for messages. */
  readonly where: string;
  /** Values of another column. @throws UserError if there is no such column */
  column(name: string): readonly string[];
  /** How they were found, for display. */
  readonly said: readonly string[];
}

interface LabelLines extends RowNames {
  /** Absent if the file is a vector. */
  readonly ids?: readonly string[] | undefined;
  readonly column: (name: string) => readonly string[];
}

/**
 * The labels of a matrix: from a file (joined by id if both have ids, else row by row), from a column or array of the
 * matrix file, or from the parent folders of the rows' paths.
 *
 * @throws UserError if there are none, or they do not match the rows
 */
export async function labelsOf(
  matrix: ExternalMatrix,
  labelsFile: string | undefined,
  options: MatrixOptions,
): Promise<MatrixLabels> {
  const ids = matrix.ids ?? rowIds(matrix.rowCount);
  const own = { ids, where: matrix.where, column: matrix.column ?? noColumns(matrix.where) };
  if (labelsFile !== undefined) return joined(matrix, labelsFile, await readLines(labelsFile, options));
  if (matrix.labels !== undefined) return { ...own, ...matrix.labels, said: [] };
  const parents = ids.map((id) => posix.basename(posix.dirname(id.replaceAll('\\', '/'))));
  if (matrix.ids !== undefined && new Set(parents).size > 1 && !parents.includes('.')) {
    return { ...own, names: parents, numeric: false, said: ['label = the folder that each path lies in'] };
  }
  throw new UserError({
    what: 'there are no labels for these features',
    where: matrix.where,
    found: matrix.said ?? `${counted(matrix.rowCount, 'row')} of ${counted(matrix.columnCount, 'number')}`,
    expected: 'a column or array of labels, or a file of them',
    fix: '--labels y.npy or --labels FILE.csv (one label per row, or the header id,label); --label-column NAME for a table',
    exitCode: 2,
  });
}

async function readLines(labelsFile: string, options: MatrixOptions): Promise<LabelLines> {
  const { path, name } = matrixPlace(labelsFile);
  if (/\.npy$/i.test(path)) return { ...(await readNpyLabels(path)), column: noColumns(path) };
  if (/\.npz$/i.test(path)) return { ...(await readNpzLabels(path, name)), column: noColumns(path) };
  if (/\.parquet$/i.test(path)) return readParquetLabels(path, options);
  const { ids, names, column } = await readRowLabels(path);
  return { ids, ...rowNames(names, path), numeric: false, column };
}

async function readParquetLabels(path: string, options: MatrixOptions): Promise<LabelLines> {
  const { columns, read } = await openParquet(path);
  const { id, label } = columnRoles(path, [...columns, { name: '\0', kind: 'list' }], options, '\0');
  if (label === undefined) {
    throw new UserError({
      what: 'cannot tell which column holds the labels',
      where: path,
      found: columns.map(({ name }) => name).join(', '),
      fix: '--label-column NAME',
      exitCode: 2,
    });
  }
  const texts = async (at: number): Promise<string[]> =>
    (await read(valueAt(columns, at).name)).map((value) => String(value ?? ''));
  return {
    ids: id === undefined ? undefined : await texts(id),
    ...rowNames(await texts(label), path),
    column: noColumns(path),
  };
}

function joined(matrix: ExternalMatrix, where: string, lines: LabelLines): MatrixLabels {
  const { names, numeric, column } = lines;
  if (matrix.ids !== undefined && lines.ids !== undefined) {
    const lineOf = lineFinder(lines.ids);
    const places = matrix.ids.map(lineOf);
    const found = places.filter((place) => place !== undefined).length;
    if (found > 0) {
      const pick = (values: readonly string[]): string[] =>
        places.map((place) => (place === undefined ? '' : valueAt(values, place)));
      const lacking = matrix.ids.length - found;
      const said = [`labels of ${where} joined by id`];
      if (lacking > 0) said.push(`${counted(lacking, 'row')} without a label in ${where}: left out`);
      return { ids: matrix.ids, names: pick(names), numeric, where, column: (name) => pick(column(name)), said };
    }
  }
  if (names.length !== matrix.rowCount) {
    throw new UserError({
      what: 'the labels do not match the features',
      where,
      found: `${counted(names.length, 'label')}${matrix.ids === undefined ? '' : ', and no id of the features among theirs'}`,
      expected: `${matrix.rowCount}, one for each row of ${matrix.where}`,
    });
  }
  const ids = matrix.ids ?? lines.ids ?? rowIds(names.length);
  const unmatched = matrix.ids !== undefined && lines.ids !== undefined;
  return {
    ids,
    names,
    numeric,
    where,
    column,
    said: unmatched ? [`no id of ${where} is among the features': joined row by row`] : [],
  };
}

/** Finds the line of an id: by the id itself, else by the part of its path that the other side has, if unique. */
function lineFinder(ids: readonly string[]): (id: string) => number | undefined {
  const bare = (id: string): string => id.replace(/\.[A-Za-z]\w{1,3}$/, '');
  const base = (id: string): string => posix.basename(id.replaceAll('\\', '/'));
  const forms = [(id: string) => id, bare, base, (id: string) => bare(base(id))];
  const lines = forms.map((form) => {
    const places = new Map<string, number | undefined>();
    ids.forEach((id, place) => {
      const key = form(id);
      places.set(key, places.has(key) ? undefined : place);
    });
    return places;
  });
  return (id) => {
    for (const [at, form] of forms.entries()) {
      const place = lines[at]?.get(form(id));
      if (place !== undefined) return place;
    }
    return undefined;
  };
}

function rowIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, row) => `row-${row}`);
}

function noColumns(path: string): (name: string) => never {
  return (name) => {
    throw new UserError({
      what: `there is no column ${name}`,
      where: path,
      found: 'labels alone',
      fix: `--labels FILE.csv with the header id,label,${name} and one line per row of the matrix`,
      exitCode: 2,
    });
  };
}

/**
 * Reads the labels of a matrix's rows, in order: a header, then one label per line, or id and label.
 *
 * @throws UserError naming the line of a row without a label
 */
export async function readRowLabels(path: string): Promise<Omit<LabelLines, 'numeric'>> {
  await checkTablePlace(path);
  const table = await openTable(fileSource(path), { oneColumn: true });
  const rows = await readRows(table);
  const place = table.columns.length >= 2 ? 1 : 0;
  const names = rows.map(({ line, cells }) => {
    const name = cells[place] ?? '';
    if (name === '') throw unusable(path, `line ${line}`, 'no label', 'a label for every row');
    return name;
  });
  return {
    ids: place === 0 ? undefined : rows.map(({ cells }) => cells[0] ?? ''),
    names,
    column: (name) => {
      const at = table.columns.indexOf(name, place + 1);
      if (at < 0) throw noColumn(path, name, table.columns.slice(place + 1));
      return rows.map(({ cells }) => cells[at] ?? '');
    },
  };
}
