import { takeUints } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import { risingOrder } from './row-order.kernel.ts';
import { type RowStore, rowsPerBlock } from './row-store.ts';

/** A block of rows of a pass. Data of rows on disk is overwritten when the next block is requested. */
export interface RowBlock extends Matrix {
  /** Index of the first row in the pass. */
  readonly start: number;
}

/** Rows read together: indices `from` to `to` of the pass, in a few contiguous stretches of the store. */
interface Load {
  readonly from: number;
  readonly to: number;
  readonly stretches: readonly Stretch[];
}

interface Stretch {
  readonly firstRow: number;
  rowCount: number;
  readonly fileEnd: number;
  /** Its first row in the scratch array. */
  readonly at: number;
}

/** Gaps up to this many bytes are read: a separate read would take longer. */
const gapBytes = 64 << 10;

/** Reads chosen rows of a store through two block buffers that are allocated once. One pass at a time. */
export class RowReader {
  readonly store: RowStore;
  readonly blockRows: number;
  readonly #signal: AbortSignal | undefined;
  readonly #scratchRows: number;
  #scratch: Uint8Array | undefined;
  #block: Float32Array | undefined;
  #busy = false;

  /** @param signal checked while files are verified */
  constructor(store: RowStore, blockRows: number = rowsPerBlock(store.columnCount), signal?: AbortSignal) {
    this.store = store;
    this.#signal = signal;
    this.blockRows = blockRows;
    // Room for skipped rows between the chosen ones.
    this.#scratchRows = blockRows + Math.ceil(blockRows / 4);
  }

  get bytes(): number {
    return this.#scratchRows * this.store.rowBytes + 4 * this.blockRows * this.store.columnCount;
  }

  /** A pass over rows in ascending order. The next block is read while the caller processes the current one. */
  async *blocks(rows: Uint32Array): AsyncGenerator<RowBlock> {
    const { columnCount } = this.store;
    this.#block ??= new Float32Array(this.blockRows * columnCount);
    const block = this.#block;
    this.#begin();
    let reading: Promise<void> | undefined;
    try {
      let load = this.#plan(rows, 0);
      reading = load && this.#read(load);
      while (load !== undefined) {
        await reading;
        const { from, to } = load;
        this.#eachRun(load, rows, (bytes, place, count) => {
          const start = (place - from) * columnCount;
          this.store.decode(bytes, block.subarray(start, start + count * columnCount));
        });
        load = this.#plan(rows, to);
        reading = load && this.#read(load);
        // A failure is thrown when the block is requested.
        reading?.catch(() => undefined);
        yield { start: from, rowCount: to - from, columnCount, data: block.subarray(0, (to - from) * columnCount) };
      }
    } finally {
      await reading?.catch(() => undefined);
      await this.#end();
    }
  }

  /**
   * Reads rows in the order given, with repetitions.
   *
   * @param allocate called after the first rows have been read; returns the array for all of them: [rows, columnCount]
   */
  async readInto(rows: ArrayLike<number>, allocate: () => Float32Array): Promise<void> {
    const { columnCount, rowBytes, rowCount } = this.store;
    const order = risingOrder(rows, rowCount);
    const rising = takeUints(rows, order);
    let target: Float32Array | undefined;
    this.#begin();
    try {
      for (let load = this.#plan(rising, 0); load !== undefined; load = this.#plan(rising, load.to)) {
        await this.#read(load);
        target ??= allocate();
        const numbers = target;
        this.#eachRun(load, rising, (bytes, place, count) => {
          for (let i = 0; i < count; ) {
            let after = i + 1;
            const to = valueAt(order, place + i);
            while (after < count && order[place + after] === to + after - i) after++;
            const decoded = numbers.subarray(to * columnCount, (to + after - i) * columnCount);
            this.store.decode(bytes.subarray(i * rowBytes, after * rowBytes), decoded);
            i = after;
          }
        });
      }
    } finally {
      await this.#end();
    }
  }

  #begin(): void {
    if (this.#busy) throw new RangeError('a pass over these rows is under way already');
    this.#busy = true;
    this.#scratch ??= new Uint8Array(this.#scratchRows * this.store.rowBytes);
  }

  async #end(): Promise<void> {
    this.#busy = false;
    await this.store.close();
  }

  /** The next rows from index `from` that fit the block and the scratch array; undefined at the end. */
  #plan(rows: Uint32Array, from: number): Load | undefined {
    if (from >= rows.length) return undefined;
    const gapRows = Math.floor(gapBytes / this.store.rowBytes);
    const stretches: Stretch[] = [];
    let last: Stretch | undefined;
    let room = this.#scratchRows;
    let to = from;
    for (; to < rows.length && to - from < this.blockRows; to++) {
      const row = valueAt(rows, to);
      // Rows from the end of the last stretch up to this one; 0 or less for a repeated row.
      const more: number = last === undefined ? 0 : row + 1 - last.firstRow - last.rowCount;
      if (last !== undefined && more <= gapRows + 1 && more <= room && row < last.fileEnd) {
        last.rowCount += Math.max(0, more);
        room -= Math.max(0, more);
      } else {
        if (room === 0) break;
        last = { firstRow: row, rowCount: 1, fileEnd: this.store.fileEnd(row), at: this.#scratchRows - room };
        stretches.push(last);
        room--;
      }
    }
    return { from, to, stretches };
  }

  async #read({ stretches }: Load): Promise<void> {
    const { rowBytes } = this.store;
    const scratch = this.#scratch as Uint8Array;
    for (const { firstRow, rowCount, at } of stretches) {
      await this.store.read(firstRow, scratch.subarray(at * rowBytes, (at + rowCount) * rowBytes), this.#signal);
    }
  }

  /** Calls back with the bytes of each run of rows that are contiguous in the store and in the pass. */
  #eachRun(
    { from, to, stretches }: Load,
    rows: Uint32Array,
    each: (bytes: Uint8Array, place: number, count: number) => void,
  ): void {
    const { rowBytes } = this.store;
    const scratch = this.#scratch as Uint8Array;
    let s = 0;
    for (let place = from; place < to; ) {
      const row = valueAt(rows, place);
      let stretch = valueAt(stretches, s);
      while (row >= stretch.firstRow + stretch.rowCount) stretch = valueAt(stretches, ++s);
      const end = stretch.firstRow + stretch.rowCount;
      let after = place + 1;
      while (after < to && valueAt(rows, after) < end && rows[after] === row + after - place) after++;
      const at = stretch.at + row - stretch.firstRow;
      each(scratch.subarray(at * rowBytes, (at + after - place) * rowBytes), place, after - place);
      place = after;
    }
  }
}
