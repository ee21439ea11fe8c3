import { columnMeans } from '../numerics/linear-loss.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { meansOf } from './column-means.ts';
import { addSquaredDistances, normalizeRows, shiftAndStretch, widenRanges } from './scale.kernel.ts';
import { blocksAlong, changedRows, routeOf, type StoredRows } from './stored-rows.ts';

/** How features are scaled before a head sees them. */
export type ScaleKind = 'none' | 'standard' | 'l2' | 'minmax';

export const scaleKinds: readonly ScaleKind[] = ['none', 'standard', 'l2', 'minmax'];

/** A scaling fitted on training rows. `offset` and `factor` are [dims], and empty where the kind needs none. */
export interface Scaling {
  readonly kind: ScaleKind;
  readonly offset: Float64Array;
  readonly factor: Float64Array;
}

/**
 * Fits a scaling: `standard` is scikit-learn's StandardScaler, `minmax` its MinMaxScaler, `l2` its Normalizer. A column
 * without spread is moved and not stretched, as there.
 */
export function fitScaling(kind: ScaleKind, features: Matrix): Scaling {
  const { data, columnCount, rowCount } = features;
  switch (kind) {
    case 'none':
    case 'l2':
      return withoutColumns(kind);
    case 'standard': {
      const mean = columnMeans(data, columnCount, undefined);
      const squares = new Float64Array(columnCount);
      addSquaredDistances(squares, data, mean);
      return standardScaling(mean, squares, rowCount);
    }
    case 'minmax': {
      const { low, high } = openRanges(columnCount);
      widenRanges(low, high, data);
      return rangeScaling(low, high);
    }
    default:
      return kind satisfies never;
  }
}

/** The same from rows that stay on the disk: in one pass over them, in two for `standard`. */
export async function fitStoredScaling(kind: ScaleKind, features: StoredRows): Promise<Scaling> {
  switch (kind) {
    case 'none':
    case 'l2':
      return withoutColumns(kind);
    case 'standard': {
      const mean = await meansOf(features);
      const squares = new Float64Array(features.columnCount);
      for await (const { data } of blocksAlong(features, routeOf(features))) addSquaredDistances(squares, data, mean);
      return standardScaling(mean, squares, features.rowCount);
    }
    case 'minmax': {
      const { low, high } = openRanges(features.columnCount);
      for await (const { data } of blocksAlong(features, routeOf(features))) widenRanges(low, high, data);
      return rangeScaling(low, high);
    }
    default:
      return kind satisfies never;
  }
}

/** A scaled copy; the same matrix for `none`. */
export function applyScaling(scaling: Scaling, features: Matrix): Matrix {
  if (scaling.kind === 'none') return features;
  const { rowCount, columnCount, data } = features;
  const scaled = new Float32Array(data.length);
  scaleInto(scaling, data, columnCount, scaled);
  return { rowCount, columnCount, data: scaled };
}

/** The same rows, scaled in place when they have been read. */
export function scaleStored(scaling: Scaling, features: StoredRows): StoredRows {
  if (scaling.kind === 'none') return features;
  return changedRows(features, (rows) => scaleInto(scaling, rows, features.columnCount, rows));
}

function scaleInto(scaling: Scaling, rows: Float32Array, columnCount: number, out: Float32Array): void {
  if (scaling.kind === 'l2') normalizeRows(rows, columnCount, out);
  else shiftAndStretch(rows, scaling.offset, scaling.factor, out);
}

function withoutColumns(kind: ScaleKind): Scaling {
  return { kind, offset: new Float64Array(0), factor: new Float64Array(0) };
}

function standardScaling(mean: Float64Array, squares: Float64Array, rowCount: number): Scaling {
  // Rounding leaves a constant column a deviation of some epsilons of its mean: scikit-learn's bound.
  const smallest = (c: number): number => 10 * Number.EPSILON * Math.abs(mean[c] as number);
  const deviation = squares.map((sum) => Math.sqrt(sum / rowCount));
  return {
    kind: 'standard',
    offset: mean,
    factor: deviation.map((value, c) => (value <= smallest(c) ? 1 : 1 / value)),
  };
}

function openRanges(columnCount: number): { readonly low: Float64Array; readonly high: Float64Array } {
  return {
    low: new Float64Array(columnCount).fill(Number.POSITIVE_INFINITY),
    high: new Float64Array(columnCount).fill(Number.NEGATIVE_INFINITY),
  };
}

function rangeScaling(low: Float64Array, high: Float64Array): Scaling {
  return { kind: 'minmax', offset: low, factor: high.map((value, c) => inverseRange(value - (low[c] as number))) };
}

function inverseRange(range: number): number {
  return range === 0 ? 1 : 1 / range;
}
