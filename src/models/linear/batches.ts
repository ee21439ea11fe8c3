import { takeUints } from '../../numerics/arrays.kernel.ts';
import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import { isStored, type RowSource, rowPass, type StoredRows, takeRows } from '../../rows/row-source.ts';
import { type Table, takeLabels } from '../../rows/table.ts';

/** Bytes of float32 rows that are shuffled together. */
const windowBytes = 16 << 20;
/** Bytes of contiguous float32 rows that stay together until they are in a window: a read worth a seek. */
const pageBytes = 256 << 10;

/** Rows of a window: whole batches, at least one. */
export function windowRows(columnCount: number, batchRows: number): number {
  return batchRows * Math.max(1, Math.floor(windowBytes / (4 * columnCount * batchRows)));
}

/**
 * Training rows in batches, in a new order every epoch; a batch is valid until the next is requested.
 *
 * In memory, all rows are shuffled. On disk, pages of contiguous rows are, and then the rows of as many pages as fit a
 * window; a table that fits one window is shuffled as in memory. The order depends only on the shapes and the seed.
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
  const window = new Float32Array(isStored(features) ? windowed * columnCount : 0);

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
      if (isStored(features)) await readRows(features, rows, window);
      for (let start = 0; start < rows.length; start += batchRows) {
        const own = rows.subarray(start, start + batchRows);
        const end = start + own.length;
        const batch = isStored(features)
          ? { rowCount: own.length, columnCount, data: window.subarray(start * columnCount, end * columnCount) }
          : takeRows(features, own);
        yield { ...takeLabels(train, own), features: batch };
      }
    }
  };
}

async function readRows(features: StoredRows, rows: Int32Array, into: Float32Array): Promise<void> {
  await features.reader.readInto(takeUints(features.rows, rows), () => into);
  features.change?.(into.subarray(0, rows.length * features.columnCount));
}
