import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { cellText } from './cell.ts';
import { type Table, type TableRow, type TableSource, tableError, unreadable } from './table.ts';

/** A footer that is larger is no table of labels. */
const largestFooter = 64 << 20;
/** Rows that are read at once where a row group is larger. */
const blockRows = 65_536;

/** Opens a Parquet file; columns with further columns in them are named, and are empty. */
export async function openParquet(source: TableSource): Promise<Table> {
  const size = await source.size();
  const file: AsyncBuffer = {
    byteLength: size,
    slice: async (start, end = size) => {
      if (!(start >= 0 && start <= end && end <= size)) throw new Error('it points outside of itself');
      const bytes = await source.slice(start, end);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    },
  };
  const metadata = await guarded(source, () => readMetadata(file, size));
  const columns = await guarded(source, async () =>
    parquetSchema(metadata).children.map(({ element }) => {
      // The library hands on what stands there.
      const name: unknown = element.name;
      if (typeof name !== 'string') throw new Error('a column without a name');
      return name;
    }),
  );
  if (columns.length === 0) throw tableError(source, 'has no column', 'an empty schema', 'name another file');
  return {
    where: source.where,
    name: source.name,
    columns,
    notes: [],
    rows: async function* (wanted): AsyncGenerator<TableRow> {
      const names = wanted.map((column) => columns[column] as string);
      let first = 0;
      for (const group of metadata.row_groups) {
        const end = first + Number(group.num_rows);
        for (; first < end; first += blockRows) {
          const rowEnd = Math.min(end, first + blockRows);
          const records = await guarded(source, () =>
            parquetReadObjects({ file, metadata, columns: [...new Set(names)], rowStart: first, rowEnd, compressors }),
          );
          for (const [i, record] of records.entries()) {
            yield { line: first + i + 1, cells: names.map((name) => cellText(record[name])) };
          }
        }
        first = end;
      }
    },
  };
}

async function readMetadata(file: AsyncBuffer, size: number): Promise<FileMetaData> {
  if (size < 12) throw new Error('too short for Parquet');
  const tail = new DataView(await file.slice(size - 8, size));
  const footer = tail.getUint32(0, true);
  if (footer > Math.min(size, largestFooter)) throw new Error(`a footer of ${footer} bytes in a file of ${size}`);
  // Looking for columns of places goes round for ever where a column claims -1 children.
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  if (!Array.isArray(metadata.row_groups)) throw new Error('no row groups');
  for (const { num_rows: rows } of metadata.row_groups) {
    if (typeof rows !== 'bigint' || rows < 0n || rows > 2n ** 31n) throw new Error(`a row group of ${rows} rows`);
  }
  return metadata;
}

async function guarded<T>(source: TableSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(source, error);
  }
}
