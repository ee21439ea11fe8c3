import { addWeightedRows } from '../numerics/linear-loss.kernel.ts';
import { unitRows } from '../numerics/nearest.kernel.ts';
import { valueAt } from '../system/at.ts';
import { notFinite } from './finite.ts';
import { alongPass, changedRows, isStored, type RowSource, rowPass } from './row-source.ts';
import { addSquaredDistances, shiftAndStretch, widenRanges } from './scale.kernel.ts';

/** How features are scaled before they reach a head. */
export type ScaleKind = 'none' | 'standard' | 'l2' | 'minmax';

export const scaleKinds: readonly ScaleKind[] = ['none', 'standard', 'l2', 'minmax'];

/** A scaling fitted on training rows. `offset` and `factor` are [dims], and empty if the kind needs none. */
export interface Scaling {
  readonly kind: ScaleKind;
  readonly offset: Float64Array;
  readonly factor: Float64Array;
}

/**
 * Fits a scaling: `standard` is scikit-learn's StandardScaler, `minmax` its MinMaxScaler, `l2` its Normalizer. Constant
 * columns are shifted but not scaled, as there. One pass over the rows, two for `standard`.
 */
export async function fitScaling(kind: ScaleKind, features: RowSource): Promise<Scaling> {
  switch (kind) {
    case 'none':
    case 'l2':
      return { kind, offset: new Float64Array(0), factor: new Float64Array(0) };
    case 'standard': {
      const mean = await meansOf(features);
      const squares = new Float64Array(features.columnCount);
      for await (const { data } of rowPass(features).blocks()) addSquaredDistances(squares, data, mean);
      return { kind, offset: mean, factor: inverseDeviations(mean, squares, features.rowCount) };
    }
    case 'minmax': {
      const low = new Float64Array(features.columnCount).fill(Number.POSITIVE_INFINITY);
      const high = new Float64Array(features.columnCount).fill(Number.NEGATIVE_INFINITY);
      for await (const { data } of rowPass(features).blocks()) widenRanges(low, high, data);
      return { kind, offset: low, factor: high.map((value, c) => inverseRange(value - valueAt(low, c))) };
    }
    default:
      return kind satisfies never;
  }
}

/**
 * The scaled rows: a copy of a matrix; rows on disk are scaled when read; for `none`, the source itself.
 *
 * @param overwrite scale a matrix in place
 */
export function applyScaling<F extends RowSource>(scaling: Scaling, source: F, overwrite?: boolean): F;
export function applyScaling(scaling: Scaling, source: RowSource, overwrite = false): RowSource {
  if (scaling.kind === 'none') return source;
  const { rowCount, columnCount } = source;
  if (isStored(source)) return changedRows(source, (rows) => scaleInto(scaling, rows, columnCount, rows));
  const data = overwrite ? source.data : new Float32Array(source.data.length);
  scaleInto(scaling, source.data, columnCount, data);
  return { rowCount, columnCount, data };
}

function scaleInto(scaling: Scaling, rows: Float32Array, columnCount: number, out: Float32Array): void {
  if (scaling.kind === 'l2') unitRows(rows, rows.length / columnCount, columnCount, out);
  else shiftAndStretch(rows, scaling.offset, scaling.factor, out);
}

function inverseDeviations(mean: Float64Array, squares: Float64Array, rowCount: number): Float64Array {
  // Rounding can give a constant column a small deviation: scikit-learn's bound.
  const smallest = (c: number): number => 10 * Number.EPSILON * Math.abs(valueAt(mean, c));
  return squares.map((sum, c) => {
    const deviation = Math.sqrt(sum / rowCount);
    return deviation <= smallest(c) ? 1 : 1 / deviation;
  });
}

function inverseRange(range: number): number {
  return range === 0 ? 1 : 1 / range;
}

/**
 * Weighted mean of each column in float64: [columns].
 *
 * @param weights per row; default: 1 each
 * @throws UserError if a number is not finite: rows on disk are checked nowhere else
 */
export async function meansOf(rows: RowSource, weights?: Float64Array): Promise<Float64Array> {
  const means = new Float64Array(rows.columnCount);
  const pass = rowPass(rows);
  const inOrder = weights && alongPass(pass, weights);
  let total = 0;
  for await (const { start, rowCount, data } of pass.blocks()) {
    total += addWeightedRows(means, data, inOrder?.subarray(start, start + rowCount));
  }
  for (let c = 0; c < means.length; c++) means[c] = valueAt(means, c) / total;
  const column = means.findIndex((mean) => !Number.isFinite(mean));
  if (column < 0) return means;
  throw notFinite(`column ${column} of the training rows`);
}
