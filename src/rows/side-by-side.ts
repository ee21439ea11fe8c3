import { scaleBy } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { normalizeRows } from './scale.kernel.ts';

/**
 * Rows of several networks side by side: each network's part of a row is scaled to the same L2 norm, so that none counts
 * for more because its numbers are larger or more. Nothing is fitted for that: a row depends on its image alone. The norm
 * is such that the numbers of a row have a root mean square of 1, about what pooled features have: the defaults of the
 * heads fit both.
 *
 * @param dims numbers of each part
 * @param partOf rows of a part, asked for one after the other; scaled in place
 */
export async function rowsSideBySide(
  rowCount: number,
  dims: readonly number[],
  partOf: (part: number) => Promise<Matrix>,
): Promise<Matrix> {
  const columnCount = dims.reduce((sum, count) => sum + count, 0);
  const data = new Float32Array(rowCount * columnCount);
  const norm = Math.sqrt(columnCount / dims.length);
  let offset = 0;
  for (const [i, count] of dims.entries()) {
    const { data: part } = await partOf(i);
    normalizeRows(part, count, part);
    scaleBy(part, norm);
    for (let row = 0; row < rowCount; row++) {
      data.set(part.subarray(row * count, (row + 1) * count), row * columnCount + offset);
    }
    offset += count;
  }
  return { rowCount, columnCount, data };
}
