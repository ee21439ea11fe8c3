import { basename } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { nodeFiles, readBlocks, readFully } from '../../system/files.ts';

/** Source of a table's bytes. */
export interface TableSource {
  readonly where: string;
  readonly name: string;
  /** The option that gave it, if not `--labels`. */
  readonly option?: string | undefined;
  /** Reads all bytes; may be called repeatedly. */
  blocks(): AsyncIterable<Uint8Array>;
  size(): Promise<number>;
  slice(start: number, end: number): Promise<Uint8Array>;
}

export interface TableRow {
  /** Line number, 1 being the header; for Parquet, the row number. */
  readonly line: number;
  /** Cells of the requested columns, in that order; '' for empty ones. */
  readonly cells: readonly string[];
}

/** An open table: its columns are known, its rows are read on demand. */
export interface Table {
  readonly where: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Notes on how it was read: `semicolons`, `Latin-1 text`. */
  readonly notes: readonly string[];
  /** @throws UserError naming the invalid line */
  rows(columns: readonly number[]): AsyncGenerator<TableRow>;
}

export function fileSource(path: string, option?: string): TableSource {
  return {
    where: path,
    name: basename(path),
    option,
    blocks: () => readBlocks(nodeFiles, path),
    size: async () => (await nodeFiles.stat(path)).size,
    slice: async (start, end) => {
      const file = await nodeFiles.open(path, 'r');
      try {
        const bytes = new Uint8Array(end - start);
        await readFully(file, path, bytes, start);
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}

export function bytesSource(bytes: Uint8Array, where: string): TableSource {
  return {
    where,
    name: basename(where),
    async *blocks() {
      yield bytes;
    },
    size: async () => bytes.length,
    slice: async (start, end) => bytes.slice(start, end),
  };
}

/** Reads rows of a table, all or a limited number, with the cells of all or of the given columns. */
export async function readRows(
  table: Table,
  columns: readonly number[] = [...table.columns.keys()],
  most: number = Number.POSITIVE_INFINITY,
): Promise<readonly TableRow[]> {
  const rows: TableRow[] = [];
  for await (const row of table.rows(columns)) if (rows.push(row) >= most) break;
  return rows;
}

/** The first bytes of a table, `count` at most. */
export async function headOf(source: TableSource, count: number): Promise<Uint8Array> {
  try {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const block of source.blocks()) {
      parts.push(block.slice(0, count - length));
      length += block.length;
      if (length >= count) break;
    }
    return Buffer.concat(parts);
  } catch (error) {
    throw unreadable(source, error);
  }
}

type Named = Pick<TableSource, 'where' | 'name' | 'option'>;

/** The error for an unreadable table. */
export function unreadable(source: Named, error: unknown): UserError {
  if (error instanceof UserError && error.parts.what.startsWith(source.name)) return error;
  const reason = error instanceof UserError ? (error.parts.found ?? error.parts.what) : fileReason(error);
  const fix = `fix the file, or name another one: ${source.option ?? '--labels'} FILE`;
  return tableError(source, 'cannot be read', reason, fix, undefined, error);
}

export function tableError(
  { where, name }: Named,
  what: string,
  found: string,
  fix: string,
  line?: number,
  cause?: unknown,
): UserError {
  return new UserError({
    what: `${name} ${what}`,
    where: line === undefined ? where : `${where}, line ${line}`,
    found: found.length > 200 ? `${found.slice(0, 197)}...` : found,
    expected: 'a header that names the columns, then one line for each image',
    fix,
    cause,
  });
}
