import { basename } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { nodeFiles, readBlocks, readFully } from '../../system/files.ts';

/** The bytes of a table, wherever they lie. */
export interface TableSource {
  /** As messages name it: a path. */
  readonly where: string;
  readonly name: string;
  /** The option that names it, where that is not `--labels`. */
  readonly option?: string | undefined;
  /** From the start to the end; may be asked for more than once. */
  blocks(): AsyncIterable<Uint8Array>;
  size(): Promise<number>;
  slice(start: number, end: number): Promise<Uint8Array>;
}

export interface TableRow {
  /** Number of its line, the header's being 1; of a Parquet file, of its row. */
  readonly line: number;
  /** Of the columns that were asked for, in that order; '' for one that is empty. */
  readonly cells: readonly string[];
}

/** A table of text, opened: its columns are known, its rows are read as they are asked for. */
export interface Table {
  readonly where: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** What a reader may want to know of how it was read: `semicolons`, `Latin-1 text`. */
  readonly notes: readonly string[];
  /** @throws UserError naming the line that cannot be read */
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

/** Rows of a table, all of them unless fewer are asked for; with the cells of all columns, or of those that are named. */
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

/** A table that cannot be read, for a reason that its bytes or the disk give. */
export function unreadable(source: Named, error: unknown, line?: number): UserError {
  if (error instanceof UserError && error.parts.what.startsWith(source.name)) return error;
  const reason = error instanceof UserError ? (error.parts.found ?? error.parts.what) : fileReason(error);
  const fix = `fix the file, or name another one: ${source.option ?? '--labels'} FILE`;
  return tableError(source, 'cannot be read', reason, fix, line, error);
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
