import assert from 'node:assert/strict';
import type { RowStore } from '../../src/rows/row-store.ts';

/** Rows [row, row + 0.5] in files of a few rows each; records what is read. */
export function countingStore(
  rowCount: number,
  rowsPerFile: number,
  columnCount = 2,
): RowStore & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    rowCount,
    columnCount,
    rowBytes: 4 * columnCount,
    where: 'a store',
    reads,
    read: async (first, target) => {
      const count = target.length / (4 * columnCount);
      assert.ok(first >= 0 && first + count <= rowCount);
      reads.push(`${first}+${count}`);
      const numbers = Float32Array.from({ length: count * columnCount }, (_, i) => {
        const column = i % columnCount;
        return first + Math.floor(i / columnCount) + column / columnCount;
      });
      target.set(new Uint8Array(numbers.buffer));
    },
    fileEnd: (row) => Math.min(rowCount, (Math.floor(row / rowsPerFile) + 1) * rowsPerFile),
    decode: (bytes, target) => target.set(new Float32Array(bytes.slice().buffer)),
    close: async () => undefined,
  };
}
