import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import { isStored, type RowSource, rowPass, type StoredRows, takeRows } from '../../rows/row-source.ts';
import { type Table, takeLabels } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';

/** Bytes of float32 rows that are shuffled together. */
const windowBytes = 16 << 20;
/** Bytes of float32 rows that lie and stay together until they are in a window: a read worth a seek. */
const pageBytes = 256 << 10;

/** Rows of a window: whole batches, one at least. */
export function windowRows(columnCount: number, batchRows: number): number {
  return batchRows * Math.max(1, Math.floor(windowBytes / (4 * columnCount * batchRows)));
}

/**
 * The training rows in batches, in a new order at every epoch; the last batch of an epoch holds what is left, and each is
 * good until the next one is asked for.
 *
 * In memory all rows are shuffled. From the disk pages of rows that lie together are, and then the rows of as many pages
 * as a window holds; a table that fits one window is shuffled as in memory, row for row. All this follows from the shapes
 * and the seed, never from how much memory there is.
 *
 * @returns starts an epoch
 */
export function openEpochs(
  train: Table<RowSource>,
  batchRows: number,
  random: RandomState,
): () => AsyncIterable<Table> {
  const { features } = train;
  const { columnCount, rowCount } = features;
  const windowed = isStored(features) ? Math.min(rowCount, windowRows(columnCount, batchRows)) : rowCount;
  const whole = windowed === rowCount;
  const pageRows = whole ? 1 : Math.max(1, Math.floor(pageBytes / (4 * columnCount)));
  const places = whole ? undefined : rowPass(features).places;
  const pages = Int32Array.from({ length: Math.ceil(rowCount / pageRows) }, (_, page) => page);
  const chosen = new Int32Array(windowed);
  const read = isStored(features) ? windowReader(features, windowed) : undefined;

  function* windows(): Generator<Int32Array> {
    let count = 0;
    for (const page of pages) {
      const end = Math.min(rowCount, (page + 1) * pageRows);
      for (let place = page * pageRows; place < end; place++) {
        chosen[count++] = places?.[place] ?? place;
        if (count < windowed) continue;
        yield chosen;
        count = 0;
      }
    }
    if (count > 0) yield chosen.subarray(0, count);
  }

  return async function* () {
    random.shuffle(pages);
    for (const rows of windows()) {
      if (!whole) random.shuffle(rows);
      const data = await read?.(rows);
      for (let start = 0; start < rows.length; start += batchRows) {
        const own = rows.subarray(start, start + batchRows);
        const end = start + own.length;
        const batch = isStored(features)
          ? {
              rowCount: own.length,
              columnCount,
              data: (data as Float32Array).subarray(start * columnCount, end * columnCount),
            }
          : takeRows(features, own);
        yield { ...takeLabels(train, own), features: batch };
      }
    }
  };
}

/** Reads rows into one array, which the next ones overwrite. */
function windowReader(features: StoredRows, most: number): (rows: Int32Array) => Promise<Float32Array> {
  const { columnCount, reader, change } = features;
  const window = new Float32Array(most * columnCount);
  return async (rows) => {
    const storeRows = Uint32Array.from(rows, (row) => valueAt(features.rows, row));
    await reader.readInto(storeRows, () => window);
    change?.(window.subarray(0, rows.length * columnCount));
    return window;
  };
}
