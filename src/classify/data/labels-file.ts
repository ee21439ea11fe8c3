import { basename } from 'node:path';
import type { FeatureSet } from '../../features/reader.ts';
import {
  type AskedColumns,
  type ColumnReading,
  chooseColumns,
  describeReading,
  readingOptions,
  sampleRows,
  type TableSample,
} from '../../formats/table/choose-columns.ts';
import { LabelChecks } from '../../formats/table/label-checks.ts';
import { openTable } from '../../formats/table/open-table.ts';
import { fileSource, readRows } from '../../formats/table/table.ts';
import { checkTablePlace } from '../../formats/table/table-place.ts';
import { valueAt, valuesAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { quoteArgument } from '../../system/own-command.ts';
import type { AskedColumns as RowColumns } from './label-columns.ts';

/** Labels by id, and further columns by name. */
export interface LabelsFile {
  readonly path: string;
  /** How it was read: `labels.csv: id = image_id, label = breed`. */
  readonly reading: string;
  readonly columns: Pick<ColumnReading, 'idColumn' | 'labelColumns'>;
  /** The id for a cell of the id column. */
  readonly idOf: (cell: string) => string;
  /** In the file's order. */
  readonly labels: ReadonlyMap<string, string>;
  readonly extraColumns: readonly string[];
  /** Value of an extra column for each id. */
  readonly column: (name: string) => ReadonlyMap<string, string>;
}

export interface LabelsFileOptions extends AskedColumns {
  /** Whether a cell is an id of the feature set. */
  readonly isId?: ((cell: string) => boolean) | undefined;
  /** Columns that are neither ids nor labels: weights and groups. */
  readonly others?: readonly (string | undefined)[];
}

/** Reads the labels of a feature set's images with `readLabels`. */
export function readLabelsOf(
  set: Pick<FeatureSet, 'rowOf'>,
  path: string,
  { sampleWeight, groups, idColumn, labelColumn }: RowColumns & AskedColumns,
): Promise<LabelsFile> {
  const isId = (cell: string): boolean => set.rowOf(cell) !== undefined;
  return readLabels(path, { isId, others: [sampleWeight, groups], idColumn, labelColumn });
}

/**
 * Reads a table of labels: CSV of any dialect, JSON Lines or Parquet. Columns are recognized by names and contents; ids
 * may have a file extension that the feature set's ids lack.
 *
 * @throws UserError naming the line of an id with no label or with two; a usage UserError that lists the alternatives
 *   if the columns are ambiguous
 */
export async function readLabels(path: string, options: LabelsFileOptions = {}): Promise<LabelsFile> {
  await checkTablePlace(path);
  const table = await openTable(fileSource(path));
  const { columns } = table;
  const all = await readRows(table);
  if (all.length === 0) {
    const { parts } = unusable(path, 'the whole file', 'no line after the header', 'one line per image');
    throw new UserError({ ...parts, option: { name: 'labels', value: null } });
  }
  const { isId = () => false } = options;
  const idOf = (cell: string): string => (isId(cell) ? cell : withoutExtension(cell, isId));
  // Columns without a name are ignored.
  const named = columns.map((column) => (options.others?.includes(column) === true ? '' : column));
  const sample = { columns: named, rows: all.slice(0, sampleRows).map(({ cells }) => cells) };
  const { idColumn, labelColumns } = chooseReading(path, sample, options, (cell) => isId(idOf(cell)));
  const names = valuesAt(columns, labelColumns);
  const checks = new LabelChecks(names);
  const labels = new Map<string, string>();
  const rowOf = new Map<string, readonly string[]>();
  for (const { line, cells } of all) {
    const id = idOf(valueAt(cells, idColumn));
    const label = checks.label(id, valuesAt(cells, labelColumns), names) ?? '';
    if (id === '' || label === '') {
      const found = `id ${JSON.stringify(id)}, label ${JSON.stringify(label)}`;
      throw unusable(path, `line ${line}`, found, 'an id and one label');
    }
    const known = labels.get(id);
    if (known !== undefined && known !== label) {
      throw unusable(path, `line ${line}`, `${id} is ${known} and ${label}`, 'one label for each id');
    }
    labels.set(id, label);
    rowOf.set(id, cells);
  }
  checks.finish(path);
  const used = new Set([idColumn, ...labelColumns]);
  const others = [...columns.keys()].filter((column) => !used.has(column));
  const extraColumns = valuesAt(columns, others);
  const notes = table.notes.length === 0 ? '' : ` (${table.notes.join(', ')})`;
  return {
    path,
    reading: `${basename(path)}: ${describeReading(columns, { idColumn, labelColumns })}${notes}`,
    columns: { idColumn, labelColumns },
    idOf,
    labels,
    extraColumns,
    column: (name) => {
      const at = others.find((column) => columns[column] === name);
      if (at === undefined) throw noColumn(path, name, extraColumns);
      return new Map(Array.from(rowOf, ([id, cells]) => [id, cells[at] ?? '']));
    },
  };
}

/** @throws a usage UserError if there is no reading, or more than one */
function chooseReading(
  path: string,
  sample: TableSample,
  asked: AskedColumns,
  isId: (cell: string) => boolean,
): ColumnReading {
  const choice = chooseColumns(sample, asked, isId);
  if ('reading' in choice) return choice.reading;
  const ways = 'why' in choice ? [] : choice.several.map((reading) => readingOptions(sample.columns, reading));
  throw new UserError({
    what: ways.length > 1 ? 'the labels file can be read in more than one way' : 'the labels file cannot be read',
    where: path,
    found: 'why' in choice ? choice.why : `${ways.length} ways`,
    expected: 'one column of ids and one of labels',
    fix:
      ways.length > 1
        ? `one of\n${ways.map((words) => words.map((word) => quoteArgument(word)).join(' ')).join('\n')}`
        : '--id-column NAME --label-column NAME',
    exitCode: 2,
  });
}

/** `a.jpg` for the id `a`. */
function withoutExtension(cell: string, isId: (cell: string) => boolean): string {
  const bare = cell.replace(/\.[A-Za-z0-9]{1,5}$/, '');
  return bare !== cell && isId(bare) ? bare : cell;
}

/** @param others existing columns */
export function noColumn(path: string, name: string, others: readonly string[]): UserError {
  return new UserError({
    what: `the labels file has no column ${name}`,
    where: path,
    found: others.length === 0 ? 'no column after the label' : others.join(', '),
    exitCode: 2,
  });
}

export function unusable(path: string, place: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the labels file is not usable', where: `${path}, ${place}`, found, expected });
}
