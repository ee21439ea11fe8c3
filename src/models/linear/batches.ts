import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import { routeOf } from '../../rows/stored-rows.ts';
import { type StoredTable, type Table, takeTableRows } from '../../rows/table.ts';

/** The training rows in batches, in a new order at every epoch. */
export interface Batches {
  /** A batch is good until the next one is asked for; the last one of an epoch holds what is left. */
  epoch(): AsyncIterable<Table> | Iterable<Table>;
  /** Of the rows that are held beside the table: 0 in memory. */
  readonly heldRows: number;
}

/** Bytes of float32 rows that are shuffled together. */
const windowBytes = 16 << 20;
/** Bytes of float32 rows that lie and stay together until they are in a window: a read worth a seek. */
const pageBytes = 256 << 10;

/** All rows are shuffled at every epoch. */
export function batchesInMemory(train: Table, batchRows: number, random: RandomState): Batches {
  const order = Int32Array.from(train.labels.keys());
  return {
    heldRows: 0,
    *epoch() {
      random.shuffle(order);
      for (let start = 0; start < order.length; start += batchRows) {
        yield takeTableRows(train, order.subarray(start, start + batchRows));
      }
    },
  };
}

/** Rows of a window: whole batches, one at least. */
export function windowRows(columnCount: number, batchRows: number): number {
  return batchRows * Math.max(1, Math.floor(windowBytes / (4 * columnCount * batchRows)));
}

/**
 * At every epoch pages of rows that lie together are shuffled, and then the rows of as many pages as a window holds. A
 * table that fits one window is shuffled as in memory, row for row. All this follows from the shapes and the seed, never
 * from how much memory there is.
 */
export function batchesFromDisk(train: StoredTable, batchRows: number, random: RandomState): Batches {
  const { features, labels, classes, sampleWeights } = train;
  const { columnCount, rowCount } = features;
  const heldRows = Math.min(rowCount, windowRows(columnCount, batchRows));
  const whole = heldRows === rowCount;
  const pageRows = whole ? 1 : Math.max(1, Math.floor(pageBytes / (4 * columnCount)));
  const places = whole ? Uint32Array.from(labels.keys()) : routeOf(features).places;
  const pages = Int32Array.from({ length: Math.ceil(rowCount / pageRows) }, (_, page) => page);
  const window = new Float32Array(heldRows * columnCount);
  const chosen = new Int32Array(heldRows);

  function* windows(): Generator<Int32Array> {
    let count = 0;
    for (const page of pages) {
      const end = Math.min(rowCount, (page + 1) * pageRows);
      for (let place = page * pageRows; place < end; place++) {
        chosen[count++] = places[place] as number;
        if (count < heldRows) continue;
        yield chosen;
        count = 0;
      }
    }
    if (count > 0) yield chosen.subarray(0, count);
  }

  return {
    heldRows,
    async *epoch() {
      random.shuffle(pages);
      for (const rows of windows()) {
        if (!whole) random.shuffle(rows);
        const storeRows = Uint32Array.from(rows, (row) => features.rows[row] as number);
        await features.reader.readInto(storeRows, () => window);
        features.change?.(window.subarray(0, rows.length * columnCount));
        for (let start = 0; start < rows.length; start += batchRows) {
          const own = rows.subarray(start, start + batchRows);
          const data = window.subarray(start * columnCount, (start + own.length) * columnCount);
          yield {
            features: { rowCount: own.length, columnCount, data },
            labels: own.map((row) => labels[row] as number),
            classes,
            ...(sampleWeights === undefined
              ? {}
              : { sampleWeights: Float64Array.from(own, (row) => sampleWeights[row] as number) }),
          };
        }
      }
    },
  };
}
