import { lastOf, valueAt } from '../system/at.ts';
import type { RowStore } from './row-store.ts';

/** Concatenates stores, at least one, with rows of the same size and type, such as the shards of a folder. */
export function stackedStore(stores: readonly RowStore[], where: string): RowStore {
  const first = valueAt(stores, 0);
  const { columnCount, rowBytes } = first;
  /** First row of each store, then the row count. */
  const starts = [0];
  for (const { rowCount } of stores) starts.push(lastOf(starts) + rowCount);
  const rowCount = lastOf(starts);
  const holding = (row: number) => {
    const at = starts.findLastIndex((start) => start <= row);
    const store = stores[at];
    if (store === undefined) throw new RangeError(`row ${row} of ${rowCount} in ${where}`);
    return { store, start: valueAt(starts, at), end: valueAt(starts, at + 1) };
  };
  return {
    rowCount,
    columnCount,
    rowBytes,
    where,
    read: async (from, target, signal) => {
      for (let done = 0; done < target.length; ) {
        const row = from + done / rowBytes;
        const { store, start, end } = holding(row);
        const part = target.subarray(done, done + (end - row) * rowBytes);
        await store.read(row - start, part, signal);
        done += part.length;
      }
    },
    fileEnd: (row) => {
      const { store, start } = holding(row);
      return start + store.fileEnd(row - start);
    },
    decode: (bytes, target) => first.decode(bytes, target),
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
}
