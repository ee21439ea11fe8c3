import { lastOf, valueAt } from '../system/at.ts';
import type { RowStore } from './row-store.ts';

/** Concatenated stores of equal row size, such as the shards of a folder. */
export class StackedStore implements RowStore {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rowBytes: number;
  readonly where: string;
  readonly #stores: readonly RowStore[];
  /** First row of each store, and the row count. */
  readonly #starts: readonly number[];

  /** @param stores at least one, with rows of the same size and type */
  constructor(stores: readonly RowStore[], where: string) {
    const [first] = stores;
    if (first === undefined) throw new RangeError('no stores');
    this.#stores = stores;
    this.where = where;
    this.columnCount = first.columnCount;
    this.rowBytes = first.rowBytes;
    const starts = [0];
    for (const { rowCount } of stores) starts.push(lastOf(starts) + rowCount);
    this.#starts = starts;
    this.rowCount = lastOf(starts);
  }

  async read(first: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const row = first + done / this.rowBytes;
      const { store, start, end } = this.#holding(row);
      const part = target.subarray(done, done + (end - row) * this.rowBytes);
      await store.read(row - start, part, signal);
      done += part.length;
    }
  }

  fileEnd(row: number): number {
    const { store, start } = this.#holding(row);
    return start + store.fileEnd(row - start);
  }

  decode(bytes: Uint8Array, target: Float32Array): void {
    valueAt(this.#stores, 0).decode(bytes, target);
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }

  #holding(row: number): { readonly store: RowStore; readonly start: number; readonly end: number } {
    const at = this.#starts.findLastIndex((start) => start <= row);
    const store = this.#stores[at];
    if (store === undefined) throw new RangeError(`row ${row} of ${this.rowCount} in ${this.where}`);
    return { store, start: valueAt(this.#starts, at), end: valueAt(this.#starts, at + 1) };
  }
}
