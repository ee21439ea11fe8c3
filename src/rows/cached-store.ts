import type { RowStore } from './row-store.ts';

/** Bytes cached at a time. */
const chunkBytes = 1 << 20;

/** A store that caches its first rows in memory, in their stored form, when they are first read. */
export class CachedStore implements RowStore {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rowBytes: number;
  readonly where: string;
  readonly #store: RowStore;
  readonly #chunkRows: number;
  /** The bytes of each cached chunk; undefined until it is read. */
  readonly #chunks: (Uint8Array | undefined)[];

  /** @param bytes size of the cache */
  constructor(store: RowStore, bytes: number) {
    this.#store = store;
    this.rowCount = store.rowCount;
    this.columnCount = store.columnCount;
    this.rowBytes = store.rowBytes;
    this.where = store.where;
    this.#chunkRows = Math.max(1, Math.floor(chunkBytes / store.rowBytes));
    const rows = Math.min(store.rowCount, Math.max(0, Math.floor(bytes / store.rowBytes)));
    const whole = rows === store.rowCount ? Math.ceil : Math.floor;
    this.#chunks = new Array(whole(rows / this.#chunkRows)).fill(undefined);
  }

  /** Number of rows that fit in the cache. */
  get keptRows(): number {
    return Math.min(this.rowCount, this.#chunks.length * this.#chunkRows);
  }

  async read(first: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { rowBytes } = this;
    for (let done = 0; done < target.length; ) {
      const row = first + done / rowBytes;
      const number = Math.floor(row / this.#chunkRows);
      const start = number * this.#chunkRows;
      if (number >= this.#chunks.length) return this.#store.read(row, target.subarray(done), signal);
      // A chunk ends at the end of its file, since the next file may not be needed.
      const end = Math.min(start + this.#chunkRows, this.#store.fileEnd(start));
      if (row < end) {
        const chunk = await this.#chunk(number, start, end, signal);
        const part = chunk.subarray((row - start) * rowBytes, (row - start) * rowBytes + target.length - done);
        target.set(part, done);
        done += part.length;
      } else {
        const part = target.subarray(done, done + (start + this.#chunkRows - row) * rowBytes);
        await this.#store.read(row, part, signal);
        done += part.length;
      }
    }
  }

  fileEnd(row: number): number {
    return this.#store.fileEnd(row);
  }

  decode(bytes: Uint8Array, target: Float32Array): void {
    this.#store.decode(bytes, target);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #chunk(number: number, start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const kept = this.#chunks[number];
    if (kept !== undefined) return kept;
    const read = new Uint8Array((end - start) * this.rowBytes);
    await this.#store.read(start, read, signal);
    this.#chunks[number] = read;
    return read;
  }
}
