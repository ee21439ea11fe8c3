import type { AsyncBuffer, FileMetaData } from 'hyparquet';

type ParquetKind = 'number' | 'text' | 'list' | 'other';

export interface ParquetColumn {
  readonly name: string;
  /** `list` includes columns with nested columns. */
  readonly kind: ParquetKind;
}

/** An open Parquet file; it throws plain Errors about the file. */
interface ParquetFile {
  readonly columns: readonly ParquetColumn[];
  readonly groups: readonly number[];
  /** Rows `start` to `end` (exclusive), with the columns' values by name. */
  read(columns: readonly string[], start: number, end: number): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

const largestFooter = 64 << 20;

/** Opens a Parquet file with hyparquet, which is loaded now: few files are Parquet. */
export async function openParquetFile(file: AsyncBuffer): Promise<ParquetFile> {
  const [{ parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  await checkFooter(file);
  // The library would loop forever if a column claims -1 children.
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  const groups = groupsOf(metadata);
  const columns = parquetSchema(metadata).children.map(({ element, children }): ParquetColumn => {
    // The library does not validate this value.
    const name: unknown = element.name;
    if (typeof name !== 'string') throw new Error('a column without a name');
    return { name, kind: children.length > 0 ? 'list' : kindOf(element.type, element.converted_type) };
  });
  return {
    columns,
    groups,
    read: async (names, rowStart, rowEnd) => {
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: [...new Set(names)],
        rowStart,
        rowEnd,
        compressors,
      });
      if (rows.length !== rowEnd - rowStart) throw new Error(`${rows.length} of ${rowEnd - rowStart} rows`);
      return rows;
    },
  };
}

async function checkFooter(file: AsyncBuffer): Promise<void> {
  const size = file.byteLength;
  if (size < 12) throw new Error('too short for Parquet');
  const footer = new DataView(await file.slice(size - 8, size)).getUint32(0, true);
  if (footer > Math.min(size, largestFooter)) throw new Error(`a footer of ${footer} bytes in a file of ${size}`);
}

function groupsOf({ row_groups: groups, num_rows: total }: FileMetaData): number[] {
  if (!Array.isArray(groups)) throw new Error('no row groups');
  const rowCounts = groups.map(({ num_rows: rows }) => {
    if (typeof rows !== 'bigint' || rows < 0n || rows > 2n ** 31n) throw new Error(`a row group of ${rows} rows`);
    return Number(rows);
  });
  const sum = rowCounts.reduce((rows, more) => rows + more, 0);
  if (sum !== Number(total)) throw new Error(`${sum} of ${total} rows`);
  return rowCounts;
}

function kindOf(type: string | undefined, converted: string | undefined): ParquetKind {
  if (type === 'BYTE_ARRAY') return converted === 'DECIMAL' ? 'other' : 'text';
  return ['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(type ?? '') ? 'number' : 'other';
}
