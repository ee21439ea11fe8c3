import { takeUints } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import { formatBytes } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { risingOrder } from './row-order.kernel.ts';
import { type RowBlock, RowReader } from './row-reader.ts';
import type { RowStore } from './row-store.ts';

/** A matrix on disk: its row i is row `rows[i]` of the reader's store. */
export interface StoredRows {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly reader: RowReader;
  readonly rows: Uint32Array;
  /** In-place transformation of rows after reading, such as scaling. [any number of rows, columnCount] */
  readonly change?: (rows: Float32Array) => void;
}

/** Features: a matrix in memory (one block) or rows on disk (many blocks). */
export type RowSource = Matrix | StoredRows;

export function isStored(source: RowSource): source is StoredRows {
  return 'reader' in source;
}

export function storedRows(reader: RowReader, rows: Uint32Array): StoredRows {
  return { rowCount: rows.length, columnCount: reader.store.columnCount, reader, rows };
}

/** The chosen rows, in the order given: a copy if in memory, else a list of row numbers. */
export function takeRows<F extends RowSource>(source: F, rows: ArrayLike<number>): F;
export function takeRows(source: RowSource, rows: ArrayLike<number>): RowSource {
  const { columnCount } = source;
  if (isStored(source)) {
    const chosen = Uint32Array.from({ length: rows.length }, (_, i) => valueAt(source.rows, valueAt(rows, i)));
    return { ...source, rowCount: chosen.length, rows: chosen };
  }
  const data = new Float32Array(rows.length * columnCount);
  for (let i = 0; i < rows.length; i++) {
    const start = valueAt(rows, i) * columnCount;
    data.set(source.data.subarray(start, start + columnCount), i * columnCount);
  }
  return { rowCount: rows.length, columnCount, data };
}

/** The same rows with a further transformation after reading. */
export function changedRows(stored: StoredRows, change: (rows: Float32Array) => void): StoredRows {
  const before = stored.change;
  return {
    ...stored,
    change: (rows) => {
      before?.(rows);
      change(rows);
    },
  };
}

/** Repeated passes over a source: a matrix in its order, stored rows in the order on disk. */
interface RowPass {
  /** Row at each index of a pass; undefined for the original order. */
  readonly places: Uint32Array | undefined;
  /** One pass. A block's data is valid until the next is requested. */
  blocks(): AsyncIterable<RowBlock>;
}

/**
 * Passes in blocks of at most `blockRows` rows; default: one block for a matrix, the reader's block size for stored
 * rows.
 */
export function rowPass(source: RowSource, blockRows: number = Math.max(1, source.rowCount)): RowPass {
  if (!isStored(source)) return { places: undefined, blocks: () => cut([{ ...source, start: 0 }], blockRows) };
  const { rows, reader, change } = source;
  const places = risingOrder(rows, reader.store.rowCount);
  const storeRows = takeUints(rows, places);
  return { places, blocks: () => cut(changed(reader.blocks(storeRows), change), blockRows) };
}

async function* changed(blocks: AsyncIterable<RowBlock>, change: StoredRows['change']): AsyncGenerator<RowBlock> {
  for await (const block of blocks) {
    change?.(block.data);
    yield block;
  }
}

async function* cut(blocks: AsyncIterable<RowBlock> | Iterable<RowBlock>, blockRows: number): AsyncGenerator<RowBlock> {
  for await (const { start, rowCount, columnCount, data } of blocks) {
    for (let row = 0; row < rowCount; row += blockRows) {
      const count = Math.min(blockRows, rowCount - row);
      const part = data.subarray(row * columnCount, (row + count) * columnCount);
      yield { start: start + row, rowCount: count, columnCount, data: part };
    }
  }
}

/** Values of the rows in the order of a pass; the same array if that is the original order. */
export function alongPass<A extends Int32Array | Float32Array | Float64Array>(pass: RowPass, values: A): A {
  const { places } = pass;
  return places === undefined ? values : (values.map((_, i) => valueAt(values, valueAt(places, i))) as A);
}

/** Loads the rows into memory, in their order. @throws UserError if they cannot be read or do not fit */
export async function loadRows(source: RowSource): Promise<Matrix> {
  if (!isStored(source)) return source;
  const matrix = await readRows(source.reader.store, source.rows);
  source.change?.(matrix.data);
  return matrix;
}

/**
 * Reads rows of a store as float32, in the order given, with repetitions.
 *
 * @throws RangeError if a row does not exist; UserError if the rows cannot be read or do not fit in memory
 */
export async function readRows(store: RowStore, rows: ArrayLike<number>): Promise<Matrix> {
  for (let i = 0; i < rows.length; i++) {
    const row = valueAt(rows, i);
    if (!(row >= 0 && row < store.rowCount)) throw new RangeError(`row ${row} of ${store.rowCount} in ${store.where}`);
  }
  let data: Float32Array = new Float32Array(0);
  await new RowReader(store).readInto(rows, () => {
    data = allocate(rows.length, store);
    return data;
  });
  return { rowCount: rows.length, columnCount: store.columnCount, data };
}

function allocate(rowCount: number, { columnCount, where }: RowStore): Float32Array {
  try {
    return new Float32Array(rowCount * columnCount);
  } catch (cause) {
    throw new UserError({
      what: 'the features do not fit into memory',
      where,
      found: `${rowCount} rows of ${columnCount} numbers: ${formatBytes(rowCount * columnCount * 4)}`,
      fix: 'classify --model linear --stream trains from the disk; --subsample takes a part of the training rows',
      cause,
    });
  }
}
