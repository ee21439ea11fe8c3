import { valuesAt } from '../../system/at.ts';
import { openParquetFile } from '../parquet-file.ts';
import { cellText } from './cell.ts';
import { type Table, type TableRow, type TableSource, tableError, unreadable } from './table.ts';

/** Rows read at a time from larger row groups. */
const blockRows = 65_536;

/** Opens a Parquet file; nested columns are listed but empty. */
export async function openParquet(source: TableSource): Promise<Table> {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw unreadable(source, error);
    }
  };
  const size = await source.size();
  const slice = async (start: number, end = size): Promise<ArrayBuffer> => {
    if (!(start >= 0 && start <= end && end <= size)) throw new Error('it points outside of itself');
    const bytes = await source.slice(start, end);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  };
  const file = await guarded(() => openParquetFile({ byteLength: size, slice }));
  const columns = file.columns.map(({ name }) => name);
  if (columns.length === 0) throw tableError(source, 'has no column', 'an empty schema', 'name another file');
  return {
    where: source.where,
    name: source.name,
    columns,
    notes: [],
    rows: async function* (wanted): AsyncGenerator<TableRow> {
      const names = valuesAt(columns, wanted);
      let first = 0;
      for (const rowCount of file.groups) {
        const end = first + rowCount;
        for (; first < end; first += blockRows) {
          const start = first;
          const records = await guarded(() => file.read(names, start, Math.min(end, start + blockRows)));
          for (const [i, record] of records.entries()) {
            yield { line: start + i + 1, cells: names.map((name) => cellText(record[name])) };
          }
        }
        first = end;
      }
    },
  };
}
