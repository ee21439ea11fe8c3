import { takeUints } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import { risingOrder } from './row-order.kernel.ts';
import { type RowStore, rowsPerBlock } from './row-store.ts';

/** Some rows of a pass, as numbers; those of stored rows are overwritten when the next block is asked for. */
export interface RowBlock extends Matrix {
  /** Place of the first of them among the rows of the pass. */
  readonly start: number;
}

/** Rows that are read together: those from place `from` up to `to`, lying in a few stretches of the store. */
interface Load {
  readonly from: number;
  readonly to: number;
  readonly stretches: readonly Stretch[];
}

/** Rows of one file. */
interface Stretch {
  readonly firstRow: number;
  rowCount: number;
  readonly fileEnd: number;
  /** Row of the scratch array where it begins. */
  readonly at: number;
}

/** A gap of so many bytes is read over: a read of its own would take longer. */
const gapBytes = 64 << 10;

/** Reads chosen rows of a store through two arrays of one block each, which are made once. One pass at a time. */
export class RowReader {
  readonly store: RowStore;
  readonly blockRows: number;
  readonly #signal: AbortSignal | undefined;
  readonly #scratchRows: number;
  #scratch: Uint8Array | undefined;
  #block: Float32Array | undefined;
  #busy = false;

  /** @param signal heard while files are checked */
  constructor(store: RowStore, blockRows: number = rowsPerBlock(store.columnCount), signal?: AbortSignal) {
    this.store = store;
    this.#signal = signal;
    this.blockRows = blockRows;
    // Room for rows between the chosen ones that are read over.
    this.#scratchRows = blockRows + Math.ceil(blockRows / 4);
  }

  /** What the two arrays take. */
  get bytes(): number {
    return this.#scratchRows * this.store.rowBytes + 4 * this.blockRows * this.store.columnCount;
  }

  /** A pass over rows that are named in rising order. The next block is read while the caller works on this one. */
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
        // A failure is reported when the block is asked for.
        reading?.catch(() => undefined);
        yield { start: from, rowCount: to - from, columnCount, data: block.subarray(0, (to - from) * columnCount) };
      }
    } finally {
      await reading?.catch(() => undefined);
      await this.#end();
    }
  }

  /**
   * Reads rows in the order given; a row may be named more than once.
   *
   * @param allocate called when the first rows have been read, for the array that takes them all: [rows, columnCount]
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

  /** The rows from place `from` on that fit a block and the scratch array; undefined past the last one. */
  #plan(rows: Uint32Array, from: number): Load | undefined {
    if (from >= rows.length) return undefined;
    const gapRows = Math.floor(gapBytes / this.store.rowBytes);
    const stretches: Stretch[] = [];
    let last: Stretch | undefined;
    let room = this.#scratchRows;
    let to = from;
    for (; to < rows.length && to - from < this.blockRows; to++) {
      const row = valueAt(rows, to);
      // Rows from the end of the last stretch up to this one; 0 or less for a row that is named again.
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

  /** Calls back with the stored bytes of rows that follow each other in the store and in the pass. */
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
