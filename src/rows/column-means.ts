import { addWeightedRows } from '../numerics/linear-loss.kernel.ts';
import { UserError } from '../system/errors.ts';
import { alongPass, type RowSource, rowPass } from './row-source.ts';

/**
 * Mean of each column, each row counted by its weight, in float64: [columns].
 *
 * @param weights per row; default: 1 each
 * @throws UserError when a number is not finite: no other check looks at rows that stay on the disk
 */
export async function meansOf(rows: RowSource, weights?: Float64Array): Promise<Float64Array> {
  const means = new Float64Array(rows.columnCount);
  const pass = rowPass(rows);
  const inOrder = weights && alongPass(pass, weights);
  let total = 0;
  for await (const { start, rowCount, data } of pass.blocks()) {
    total += addWeightedRows(means, data, inOrder?.subarray(start, start + rowCount));
  }
  for (let c = 0; c < means.length; c++) means[c] = (means[c] as number) / total;
  const column = means.findIndex((mean) => !Number.isFinite(mean));
  if (column < 0) return means;
  throw new UserError({
    what: 'a feature is not a finite number',
    where: `column ${column} of the training rows`,
    expected: 'finite numbers',
    fix: 'featuretap verify checks a feature set; extract it again, or drop that row',
  });
}
