import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import { normalizeColumns, orthonormalizer } from './orthonormal.kernel.ts';

/** Square of the share of a column that must be left of it when the others are taken away: less is rounding. */
const leastSquare = 1e-8;

/**
 * Orthonormal columns that span, together with those of `basis`, what `columns` adds to them, on one thread.
 *
 * @param columns [rows, any number]; changed
 * @param basis orthonormal columns
 * @returns [rows, rank], orthogonal to `basis`
 */
export async function newDirections(columns: Matrix64, basis: Matrix64 | undefined): Promise<Matrix64> {
  let rest = columns;
  normalizeColumns(rest.data, rest.columnCount);
  if (basis !== undefined) {
    // Twice is enough (Giraud, Langou and others, 2005).
    for (let time = 0; time < 2; time++) {
      const parts = await gemm64('transposeLeft', basis, rest, 1);
      rest = await gemm64('plain', basis, parts, 1, { from: rest });
    }
  }
  const gram = await gemm64('transposeLeft', rest, rest, 1);
  const size = rest.columnCount;
  const turn = orthonormalizer(gram.data, size, leastSquare);
  return gemm64('plain', rest, { rowCount: size, columnCount: turn.length / size, data: turn }, 1);
}
