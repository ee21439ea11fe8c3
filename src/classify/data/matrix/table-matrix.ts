import { createHash, type Hash } from 'node:crypto';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { checkWhole } from '../../../formats/npy/npy-labels.ts';
import { openParquet } from '../../../formats/parquet.ts';
import { takeRows } from '../../../rows/row-source.ts';
import { valueAt } from '../../../system/at.ts';
import { messageOf, UserError } from '../../../system/errors.ts';
import { nodeFiles, readBlocks, readFailure } from '../../../system/files.ts';
import { counted } from '../../../system/printable.ts';
import { columnRoles, describeRoles, type TableColumn } from './column-roles.ts';
import type { ExternalMatrix, MatrixOptions, RowNames } from './external-matrix.ts';

/** A Parquet table: one column with lists of numbers, or many columns of numbers; and columns for ids and labels. */
export async function openParquetMatrix(
  path: string,
  options: MatrixOptions,
  wanted?: string,
): Promise<ExternalMatrix> {
  const table = await openParquet(path);
  const { columns, rowCount, sha256 } = table;
  const roles = columnRoles(path, columns, options, wanted);
  const nameOf = (at: number): string => valueAt(columns, at).name;
  const { data, columnCount } = await readFeatures(path, rowCount, roles.features.map(nameOf), table.read);
  const texts = async (at: number): Promise<readonly string[]> => (await table.read(nameOf(at))).map(toText);
  const others = new Map<string, readonly string[]>();
  for (const at of roles.unused) {
    if (columns[at]?.kind === 'text' || columns[at]?.kind === 'number') others.set(nameOf(at), await texts(at));
  }
  return {
    where: path,
    rowCount,
    columnCount,
    sha256,
    ids: roles.id === undefined ? undefined : await texts(roles.id),
    labels: roles.label === undefined ? undefined : rowNames(await texts(roles.label), path),
    column: (name) => others.get(name) ?? noColumn(path, name, [...others.keys()]),
    said: describeRoles(columns, roles),
    take: async (rows) => takeRows({ rowCount, columnCount, data }, rows),
  };
}

async function readFeatures(
  path: string,
  rowCount: number,
  names: readonly string[],
  read: (name: string) => Promise<readonly unknown[]>,
): Promise<{ data: Float32Array; columnCount: number }> {
  const [first = ''] = names;
  const cells = await read(first);
  const list = cells[0];
  if (isList(list)) {
    const columnCount = list.length;
    const data = new Float32Array(rowCount * columnCount);
    cells.forEach((cell, row) => {
      if (!isList(cell) || cell.length !== columnCount) {
        const found = isList(cell) ? `${counted(cell.length, 'number')}` : String(cell);
        throw unusable(path, `row ${row}, ${first}`, found, `${counted(columnCount, 'number')}, as in row 0`);
      }
      for (let c = 0; c < columnCount; c++)
        data[row * columnCount + c] = toNumber(cell[c], path, row, `${first}[${c}]`);
    });
    return { data, columnCount };
  }
  const columnCount = names.length;
  const data = new Float32Array(rowCount * columnCount);
  for (const [c, name] of names.entries()) {
    const values = c === 0 ? cells : await read(name);
    for (let row = 0; row < rowCount; row++) data[row * columnCount + c] = toNumber(values[row], path, row, name);
  }
  return { data, columnCount };
}

function isList(cell: unknown): cell is ArrayLike<unknown> {
  return Array.isArray(cell) || (ArrayBuffer.isView(cell) && !(cell instanceof DataView));
}

function toNumber(value: unknown, path: string, row: number, name: string): number {
  const number = typeof value === 'boolean' || typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw unusable(path, `row ${row}, column ${name}`, String(value), 'a finite number');
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}

/** A CSV or TSV table with a header: columns of numbers, and columns for ids and labels. It is read as a stream. */
export async function openCsvMatrix(path: string, options: MatrixOptions): Promise<ExternalMatrix> {
  const hash = createHash('sha256');
  const delimiter = /^\.tsv$/i.test(extname(path)) ? '\t' : [',', ';', '\t'];
  const stream = Readable.from(blocksOf(path, hash), { objectMode: false });
  const parser = stream.pipe(parse({ bom: true, delimiter, trim: true, skip_empty_lines: true }));
  stream.on('error', (error) => parser.destroy(error));
  const rows: Float32Array[] = [];
  let table: CsvTable | undefined;
  let header: readonly string[] | undefined;
  try {
    for await (const record of parser as AsyncIterable<readonly string[]>) {
      if (header === undefined) {
        header = record;
        continue;
      }
      table ??= startTable(path, header, record, options);
      rows.push(table.take(record, rows.length));
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if ((cause as CsvError).code?.startsWith('CSV_') !== true) throw readFailure(path, cause);
    throw unusable(path, 'the whole file', messageOf(cause), 'CSV with a header');
  }
  if (table === undefined) throw unusable(path, 'the whole file', 'no line after the header', 'one line per row');
  const columnCount = table.roles.features.length;
  const data = new Float32Array(rows.length * columnCount);
  rows.forEach((row, at) => {
    data.set(row, at * columnCount);
  });
  const { columns, roles, texts } = table;
  const named = (at: number | undefined): readonly string[] | undefined =>
    at === undefined ? undefined : texts.get(at);
  const [ids, labels] = [named(roles.id), named(roles.label)];
  return {
    where: path,
    rowCount: rows.length,
    columnCount,
    sha256: hash.digest('hex'),
    ids,
    labels: labels === undefined ? undefined : rowNames(labels, path),
    column: (name) =>
      named(columns.findIndex((column) => column.name === name)) ??
      noColumn(
        path,
        name,
        roles.unused.map((at) => valueAt(columns, at).name),
      ),
    said: describeRoles(columns, roles),
    take: async (kept) => takeRows({ rowCount: rows.length, columnCount, data }, kept),
  };
}

/** Reads a file in blocks and hashes each. */
async function* blocksOf(path: string, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const block of readBlocks(nodeFiles, path)) {
    hash.update(block);
    // The next block may overwrite this one while the parser still holds it.
    yield Uint8Array.from(block);
  }
}

interface CsvTable {
  readonly columns: readonly TableColumn[];
  readonly roles: ReturnType<typeof columnRoles>;
  /** Cells of the other columns, by column index. */
  readonly texts: ReadonlyMap<number, string[]>;
  /** Returns the features of a line and stores its other cells. */
  take(record: readonly string[], row: number): Float32Array;
}

/** Determines the columns' roles from the header and the first line. */
function startTable(
  path: string,
  header: readonly string[],
  first: readonly string[],
  options: MatrixOptions,
): CsvTable {
  const columns = header.map((name, at): TableColumn => {
    const cell = first[at] ?? '';
    return { name, kind: cell !== '' && Number.isFinite(Number(cell)) ? 'number' : 'text' };
  });
  const roles = columnRoles(path, columns, options);
  const kept = [roles.id, roles.label, ...roles.unused].filter((at) => at !== undefined);
  const texts = new Map(kept.map((at) => [at, [] as string[]]));
  return {
    columns,
    roles,
    texts,
    take: (record, row) => {
      for (const [at, cells] of texts) cells.push(record[at] ?? '');
      return Float32Array.from(roles.features, (at) => {
        const cell = record[at] ?? '';
        const value = cell === '' ? Number.NaN : Number(cell);
        if (Number.isFinite(value)) return value;
        throw unusable(path, `line ${row + 2}, column ${header[at]}`, JSON.stringify(cell), 'a finite number');
      });
    },
  };
}

/** Labels of a table: whole numbers lose their decimal point, and numbers sort by value. */
export function rowNames(cells: readonly string[], where: string): RowNames {
  const bare = cells.indexOf('');
  if (bare >= 0) throw unusable(where, `row ${bare}`, 'no label', 'a label for every row');
  const numeric = cells.every((cell) => /^-?\d+(?:\.\d*)?(?:e[-+]?\d+)?$/i.test(cell));
  if (!numeric) return { names: cells, numeric };
  const names = cells.map((cell) => (/^-?\d+$/.test(cell) ? cell : String(Number(cell))));
  checkWhole(names, where);
  return { names, numeric };
}

function noColumn(where: string, name: string, others: readonly string[]): never {
  throw new UserError({
    what: `there is no column ${name}`,
    where,
    found: others.length === 0 ? 'no column that is neither id, label nor feature' : others.join(', '),
    exitCode: 2,
  });
}

function unusable(path: string, place: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the table of features is not usable', where: `${path}, ${place}`, found, expected });
}
