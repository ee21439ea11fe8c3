import { scaleBy } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { unitRows } from '../numerics/nearest.kernel.ts';

/**
 * Concatenates rows of several networks. Each part is scaled to the same L2 norm, so that networks with more or larger
 * features do not dominate. Nothing is fitted: a row depends only on its image. The norm gives rows a root mean square
 * of 1, about that of pooled features, so the heads' defaults apply.
 *
 * @param partOf returns the rows of a part, which are scaled in place; called one after the other
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
    unitRows(part, rowCount, count);
    scaleBy(part, norm);
    for (let row = 0; row < rowCount; row++) {
      data.set(part.subarray(row * count, (row + 1) * count), row * columnCount + offset);
    }
    offset += count;
  }
  return { rowCount, columnCount, data };
}
