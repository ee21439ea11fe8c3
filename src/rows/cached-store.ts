import type { RowStore } from './row-store.ts';

const chunkBytes = 1 << 20;

interface CachedStore extends RowStore {
  readonly keptRows: number;
}

/** Caches the first rows of a store in memory, in their stored form, when they are first read. */
export function cachedStore(store: RowStore, bytes: number): CachedStore {
  const { rowCount, columnCount, rowBytes, where } = store;
  const chunkRows = Math.max(1, Math.floor(chunkBytes / rowBytes));
  const rows = Math.min(rowCount, Math.max(0, Math.floor(bytes / rowBytes)));
  const whole = rows === rowCount ? Math.ceil : Math.floor;
  const chunks = new Array<Uint8Array | undefined>(whole(rows / chunkRows)).fill(undefined);
  return {
    rowCount,
    columnCount,
    rowBytes,
    where,
    keptRows: Math.min(rowCount, chunks.length * chunkRows),
    read: async (first, target, signal) => {
      for (let done = 0; done < target.length; ) {
        const row = first + done / rowBytes;
        const number = Math.floor(row / chunkRows);
        const start = number * chunkRows;
        if (number >= chunks.length) return store.read(row, target.subarray(done), signal);
        // A chunk ends at the end of its file, since the next file may not be needed.
        const end = Math.min(start + chunkRows, store.fileEnd(start));
        if (row < end) {
          if (chunks[number] === undefined) {
            const read = new Uint8Array((end - start) * rowBytes);
            await store.read(start, read, signal);
            chunks[number] = read;
          }
          const part = chunks[number].subarray(
            (row - start) * rowBytes,
            (row - start) * rowBytes + target.length - done,
          );
          target.set(part, done);
          done += part.length;
        } else {
          const part = target.subarray(done, done + (start + chunkRows - row) * rowBytes);
          await store.read(row, part, signal);
          done += part.length;
        }
      }
    },
    fileEnd: (row) => store.fileEnd(row),
    decode: (encoded, target) => store.decode(encoded, target),
    close: () => store.close(),
  };
}
