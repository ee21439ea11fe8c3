import { messageOf, UserError } from '../system/errors.ts';
import { openParquetFile, type ParquetColumn } from './parquet-file.ts';
import { readWholeFile } from './whole-file.ts';

/** A Parquet file: its columns are known, and read when they are asked for. */
interface ParquetTable {
  readonly path: string;
  readonly sha256: string;
  readonly rowCount: number;
  readonly columns: readonly ParquetColumn[];
  /** Values of a column, row by row: numbers, bigints, text, lists, null if there is none. */
  read(name: string): Promise<readonly unknown[]>;
}

/** Opens a Parquet file with hyparquet. @throws UserError if it cannot be read or is none */
export async function openParquet(path: string): Promise<ParquetTable> {
  const { bytes, sha256 } = await readWholeFile(path, 'Parquet file');
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const guarded = async <T>(place: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw broken(path, `${place}${messageOf(cause)}`, cause);
    }
  };
  const file = await guarded('', () => openParquetFile(whole));
  const rowCount = file.groups.reduce((sum, rows) => sum + rows, 0);
  return {
    path,
    sha256,
    rowCount,
    columns: file.columns,
    read: async (name) => {
      const rows = await guarded(`column ${name}: `, () => file.read([name], 0, rowCount));
      return rows.map((row) => row[name]);
    },
  };
}

function broken(where: string, found: string, cause: unknown): UserError {
  return new UserError({
    what: 'the Parquet file cannot be read',
    where,
    found,
    expected: 'a complete Parquet file, as pandas, Polars or DuckDB write it',
    fix: 'in Python: pandas.read_parquet(FILE).to_parquet(FILE) writes it again',
    cause,
  });
}
