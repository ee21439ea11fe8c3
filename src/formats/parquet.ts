import { UserError } from '../system/errors.ts';
import { readWholeFile } from './whole-file.ts';

export type ParquetKind = 'number' | 'text' | 'list' | 'other';

export interface ParquetColumn {
  readonly name: string;
  readonly kind: ParquetKind;
}

/** A Parquet file: its columns are known, and read when they are asked for. */
export interface ParquetTable {
  readonly path: string;
  /** sha256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  readonly rowCount: number;
  readonly columns: readonly ParquetColumn[];
  /** Values of a column, row by row: numbers, bigints, text, lists, null where there is none. */
  read(name: string): Promise<readonly unknown[]>;
}

/**
 * Opens a Parquet file with hyparquet.
 *
 * @throws UserError where it cannot be read or is none
 */
export async function openParquet(path: string): Promise<ParquetTable> {
  const { bytes, sha256 } = await readWholeFile(path, 'Parquet file');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const [{ parquetMetadataAsync, parquetSchema, parquetReadObjects }, { compressors }] = await Promise.all([
      import('hyparquet'),
      import('hyparquet-compressors'),
    ]);
    const whole = { byteLength: file.byteLength, slice: (start: number, end?: number) => file.slice(start, end) };
    // Looking for columns of places goes round for ever where a column claims -1 children.
    const metadata = await parquetMetadataAsync(whole, { geoparquet: false });
    const columns = parquetSchema(metadata).children.map(({ element, children }) => {
      // The library hands on what stands there.
      const name: unknown = element.name;
      if (typeof name !== 'string') throw new Error('a column without a name');
      return { name, kind: children.length > 0 ? ('list' as const) : kindOf(element.type, element.converted_type) };
    });
    const rowCount = Number(metadata.num_rows);
    if (!(rowCount >= 0)) throw new Error(`${rowCount} rows`);
    return {
      path,
      sha256,
      rowCount,
      columns,
      read: async (name) => {
        try {
          const rows = await parquetReadObjects({ file, metadata, columns: [name], compressors });
          if (rows.length !== rowCount) throw new Error(`${rows.length} of ${rowCount} rows`);
          return rows.map((row) => row[name] as unknown);
        } catch (cause) {
          throw broken(path, `column ${name}: ${(cause as Error).message}`, cause);
        }
      },
    };
  } catch (cause) {
    throw broken(path, (cause as Error).message, cause);
  }
}

function kindOf(type: string | undefined, converted: string | undefined): ParquetKind {
  if (type === 'BYTE_ARRAY') return converted === 'DECIMAL' ? 'other' : 'text';
  return ['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(type ?? '') ? 'number' : 'other';
}

function broken(where: string, found: string, cause: unknown): UserError {
  return new UserError({
    what: 'the Parquet file cannot be read',
    where,
    found,
    expected: 'a whole Parquet file, as pandas, Polars or DuckDB write it',
    fix: 'in Python: pandas.read_parquet(FILE).to_parquet(FILE) writes it again',
    cause,
  });
}
