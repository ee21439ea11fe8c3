import type { RowBlock } from './row-reader.ts';
import { blocksAlong, isStored, type Rows, routeOf } from './stored-rows.ts';

/** How a solver goes through rows again and again, wherever they are. */
export interface RowPass {
  /** Row at each place of a pass; undefined where they come as they stand. */
  readonly places: Uint32Array | undefined;
  /** One pass. A block's numbers are good until the next one is asked for. */
  blocks(): AsyncIterable<RowBlock>;
}

/** Passes in blocks of at most so many rows: along the matrix, or along the disk. */
export function rowPass(rows: Rows, blockRows: number): RowPass {
  const { rowCount, columnCount } = rows;
  if (isStored(rows)) {
    const route = routeOf(rows);
    return { places: route.places, blocks: () => cut(blocksAlong(rows, route), columnCount, blockRows) };
  }
  return { places: undefined, blocks: () => cut([{ start: 0, rowCount, data: rows.data }], columnCount, blockRows) };
}

async function* cut(
  blocks: AsyncIterable<RowBlock> | Iterable<RowBlock>,
  columnCount: number,
  blockRows: number,
): AsyncGenerator<RowBlock> {
  for await (const { start, rowCount, data } of blocks) {
    for (let row = 0; row < rowCount; row += blockRows) {
      const count = Math.min(blockRows, rowCount - row);
      const part = data.subarray(row * columnCount, (row + count) * columnCount);
      yield { start: start + row, rowCount: count, data: part };
    }
  }
}

/** Values of the rows in the order of a pass: an array that is there already where they come as they stand. */
export function alongPass<A extends Int32Array | Float32Array | Float64Array>(pass: RowPass, values: A): A {
  const { places } = pass;
  return places === undefined ? values : (values.map((_, i) => values[places[i] as number] as number) as A);
}
