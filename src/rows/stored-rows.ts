import type { Matrix } from '../numerics/matrix.ts';
import { formatBytes } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { risingOrder } from './row-order.kernel.ts';
import { type RowBlock, RowReader } from './row-reader.ts';
import type { RowStore } from './row-store.ts';

/** A matrix that stays on the disk: its row i is row `rows[i]` of the reader's store. */
export interface StoredRows {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly reader: RowReader;
  readonly rows: Uint32Array;
  /** What is done to rows in place when they have been read: scaling. [any number of rows, columnCount] */
  readonly change?: (rows: Float32Array) => void;
}

/** A matrix in memory or on the disk. */
export type Rows = Matrix | StoredRows;

export function isStored(rows: Rows): rows is StoredRows {
  return 'reader' in rows;
}

/** Rows of a store as a matrix that stays there. */
export function storedRows(reader: RowReader, rows: Uint32Array): StoredRows {
  return { rowCount: rows.length, columnCount: reader.store.columnCount, reader, rows };
}

/** The chosen rows, in the order given. */
export function takeStoredRows(stored: StoredRows, rows: ArrayLike<number>): StoredRows {
  const chosen = Uint32Array.from({ length: rows.length }, (_, i) => stored.rows[rows[i] as number] as number);
  return { ...stored, rowCount: chosen.length, rows: chosen };
}

/** The same rows, changed by one step more when they are read. */
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

/** The order in which stored rows are gone through: as they lie on the disk. */
export interface Route {
  /** Row of the matrix at each place of the route. */
  readonly places: Uint32Array;
  /** Row of the store there, rising. */
  readonly storeRows: Uint32Array;
}

export function routeOf({ rows, reader }: StoredRows): Route {
  const places = risingOrder(rows, reader.store.rowCount);
  return { places, storeRows: places.map((place) => rows[place] as number) };
}

/** One pass over the rows, along the route; `start` of a block counts places of the route. */
export async function* blocksAlong(stored: StoredRows, route: Route): AsyncGenerator<RowBlock> {
  for await (const block of stored.reader.blocks(route.storeRows)) {
    stored.change?.(block.data);
    yield block;
  }
}

/**
 * Reads rows of a store as float32, in the order given; a row may be named more than once.
 *
 * @throws RangeError when a row is not there; UserError when the rows cannot be read or do not fit memory
 */
export async function readRows(store: RowStore, rows: ArrayLike<number>): Promise<Matrix> {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (!(row >= 0 && row < store.rowCount)) throw new RangeError(`row ${row} of ${store.rowCount} in ${store.where}`);
  }
  let data: Float32Array = new Float32Array(0);
  await new RowReader(store).readInto(rows, () => {
    data = allocate(rows.length, store);
    return data;
  });
  return { rowCount: rows.length, columnCount: store.columnCount, data };
}

/** Reads stored rows into memory. */
export async function readStoredRows(stored: StoredRows): Promise<Matrix> {
  const matrix = await readRows(stored.reader.store, stored.rows);
  stored.change?.(matrix.data);
  return matrix;
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
