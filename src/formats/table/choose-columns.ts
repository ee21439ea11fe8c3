import { valueAt, valuesAt } from '../../system/at.ts';
import { usageError } from '../../system/errors.ts';
import { isIdName, isIndexName, isLabelName } from './column-names.ts';
import { readRows, type Table } from './table.ts';

/** Columns given by the user. */
export interface AskedColumns {
  readonly idColumn?: string | undefined;
  /** One name, or comma-separated names of one-hot columns. */
  readonly labelColumn?: string | undefined;
}

/** One way to read a table. */
export interface ColumnReading {
  readonly idColumn: number;
  /** One column of labels, or several one-hot columns. */
  readonly labelColumns: readonly number[];
  /** Whether the label column is certain, by its name, its contents, or the user. */
  readonly isCertain: boolean;
}

/** The choice of columns; `why` if there is none. */
type ColumnChoice =
  | { readonly reading: ColumnReading }
  | { readonly several: readonly ColumnReading[] }
  | { readonly why: string };

/** The first rows of a table, all columns. */
export interface TableSample {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Number of rows sampled to choose the columns. */
export const sampleRows = 1000;

export async function sampleOf(table: Table): Promise<TableSample> {
  const rows = await readRows(table, undefined, sampleRows);
  return { columns: table.columns, rows: rows.map(({ cells }) => cells) };
}

/**
 * Chooses the columns of ids and labels: as given by the user, by name, and by contents. Ignores pandas' unnamed index.
 *
 * @throws a usage UserError for a missing column
 */
export function chooseColumns(
  sample: TableSample,
  asked: AskedColumns,
  isFile: (cell: string) => boolean,
): ColumnChoice {
  const { columns } = sample;
  const usable = [...columns.keys()].filter((column) => !isIndexName(valueAt(columns, column)));
  const ids =
    asked.idColumn === undefined ? idColumns(sample, usable, isFile) : [placeOf(columns, asked.idColumn, 'id')];
  if (ids.length === 0) return { why: `no column names an image (${listed(columns)})` };
  const readings: ColumnReading[] = [];
  let why = '';
  for (const idColumn of ids) {
    const others = usable.filter((column) => column !== idColumn);
    const found =
      asked.labelColumn === undefined ? labelColumns(sample, others) : [askedLabels(columns, asked.labelColumn)];
    if (found.length === 0) why = `no column of labels (${listed(columns)})`;
    for (const labels of found) readings.push({ idColumn, ...labels });
  }
  const [first] = readings;
  if (first === undefined) return { why };
  return readings.length === 1 ? { reading: first } : { several: readings };
}

function listed(columns: readonly string[]): string {
  return `${columns.slice(0, 10).join(', ')}${columns.length > 10 ? ', …' : ''}`;
}

/** Chooses the id column of a table without labels. @throws a usage UserError if it is ambiguous */
export function chooseIdColumn(sample: TableSample, where: string, isFile: (cell: string) => boolean): number {
  const { columns } = sample;
  const usable = [...columns.keys()].filter((column) => !isIndexName(valueAt(columns, column)));
  const ids = idColumns(sample, usable, isFile);
  const [first] = ids;
  if (ids.length === 1 && first !== undefined) return first;
  throw usageError(
    where,
    `${ids.length === 0 ? 'no column' : `several columns (${listed(valuesAt(columns, ids))})`} that could name the images, of ${listed(columns)}`,
    'one column called id, image, filename or path',
  );
}

type LabelReading = Omit<ColumnReading, 'idColumn'>;

function askedLabels(columns: readonly string[], asked: string): LabelReading {
  const names = columns.includes(asked) ? [asked] : asked.split(',');
  return { labelColumns: names.map((name) => placeOf(columns, name.trim(), 'label')), isCertain: true };
}

function placeOf(columns: readonly string[], name: string, what: 'id' | 'label'): number {
  const exact = columns.indexOf(name);
  const place = exact >= 0 ? exact : columns.findIndex((column) => column.toLowerCase() === name.toLowerCase());
  if (place >= 0) return place;
  throw usageError(
    `--${what}-column`,
    name,
    `one of the columns: ${columns.map((each) => each || '(unnamed)').join(', ')}`,
  );
}

function idColumns(
  { columns, rows }: TableSample,
  usable: readonly number[],
  isFile: (cell: string) => boolean,
): number[] {
  const files = usable.filter((column) => {
    const cells = new Set(rows.map((row) => valueAt(row, column)));
    // A few repeated values are not file names, even if files are called 0, 1 and 2.
    if (cells.size * 2 < rows.length) return false;
    return [...cells].some((cell) => cell !== '' && isFile(cell));
  });
  const named = usable.filter((column) => isIdName(valueAt(columns, column)));
  const namedFiles = files.filter((column) => named.includes(column));
  if (namedFiles.length > 0) return withoutRepeats(rows, namedFiles, isFile);
  if (files.length > 0)
    return withoutRepeats(
      rows,
      files.filter((column) => !isLabelName(valueAt(columns, column))),
      isFile,
    );
  if (named.length > 0) return named;
  return usable.length === 2 && usable[0] !== undefined && !isLabelName(valueAt(columns, usable[0])) ? [usable[0]] : [];
}

/** Among columns of image names, keeps the one with the most distinct names. */
function withoutRepeats(
  rows: TableSample['rows'],
  columns: readonly number[],
  isFile: (cell: string) => boolean,
): number[] {
  if (columns.length < 2) return [...columns];
  const counts = columns.map((column) => rows.filter((row) => isFile(valueAt(row, column))).length);
  const most = Math.max(...counts);
  const best = columns.filter((_, i) => counts[i] === most);
  const bare = (cell: string): string => cell.slice(cell.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
  const first = valueAt(best, 0);
  const isSame = best.every((column) => rows.every((row) => bare(valueAt(row, column)) === bare(valueAt(row, first))));
  return isSame ? [first] : best;
}

/** Every column, or set of one-hot columns, that may be the labels. */
function labelColumns({ columns, rows }: TableSample, others: readonly number[]): LabelReading[] {
  const named = others.filter((column) => isLabelName(valueAt(columns, column)));
  if (named.length > 0) {
    return oneOfEqual(rows, named).map((column) => ({ labelColumns: [column], isCertain: true }));
  }
  const binary = others.filter((column) => rows.every((row) => /^[01](?:\.0*)?$/.test(valueAt(row, column))));
  const ones = rows.map((row) => binary.filter((column) => valueAt(row, column).startsWith('1')).length);
  const isOneHot = binary.length >= 2 && ones.some((count) => count > 0);
  if (isOneHot && (ones.every((count) => count === 1) || binary.length === others.length)) {
    return [{ labelColumns: binary, isCertain: true }];
  }
  if (others.length === 1) return [{ labelColumns: others, isCertain: false }];
  return others.map((column) => ({ labelColumns: [column], isCertain: false }));
}

/** Merges equivalent columns, such as class numbers and names, preferring names. */
function oneOfEqual(rows: TableSample['rows'], columns: readonly number[]): readonly number[] {
  const first = valueAt(columns, 0);
  const isSame = columns.every((column) => {
    const [there, back] = [new Map<string, string>(), new Map<string, string>()];
    return rows.every((row) => {
      const [a, b] = [valueAt(row, first), valueAt(row, column)];
      if ((there.get(a) ?? b) !== b || (back.get(b) ?? a) !== a) return false;
      there.set(a, b);
      back.set(b, a);
      return true;
    });
  });
  if (!isSame) return columns;
  const words = columns.filter((column) => rows.some((row) => !/^-?[\d.]*$/.test(valueAt(row, column))));
  return [words[0] ?? first];
}

/** `id = image_id, label = one of healthy, rust` */
export function describeReading(
  columns: readonly string[],
  { idColumn, labelColumns }: Pick<ColumnReading, 'idColumn' | 'labelColumns'>,
): string {
  const names = valuesAt(columns, labelColumns);
  const shown = `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  return `id = ${columns[idColumn]}, label = ${names.length === 1 ? shown : `one of ${shown}`}`;
}

/** The options for a choice of columns. */
export function readingOptions(
  columns: readonly string[],
  { idColumn, labelColumns }: ColumnReading,
): readonly string[] {
  const labels = valuesAt(columns, labelColumns).join(',');
  return ['--id-column', valueAt(columns, idColumn), '--label-column', labels];
}
