import type { Matrix } from '../features/matrix.ts';
import { columnMoments, columnRanges, normalizeRows, shiftAndStretch } from './scale.kernel.ts';

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
  const { data, columnCount } = features;
  switch (kind) {
    case 'none':
    case 'l2':
      return { kind, offset: new Float64Array(0), factor: new Float64Array(0) };
    case 'standard': {
      const { mean, deviation } = columnMoments(data, columnCount);
      // Rounding leaves a constant column a deviation of some epsilons of its mean: scikit-learn's bound.
      const smallest = (c: number): number => 10 * Number.EPSILON * Math.abs(mean[c] as number);
      const factor = deviation.map((value, c) => (value <= smallest(c) ? 1 : 1 / value));
      return { kind, offset: mean, factor };
    }
    case 'minmax': {
      const { low, high } = columnRanges(data, columnCount);
      return { kind, offset: low, factor: high.map((value, c) => inverseRange(value - (low[c] as number))) };
    }
    default:
      return kind satisfies never;
  }
}

/** A scaled copy; the same matrix for `none`. */
export function applyScaling(scaling: Scaling, features: Matrix): Matrix {
  const { rowCount, columnCount, data } = features;
  switch (scaling.kind) {
    case 'none':
      return features;
    case 'l2':
      return { rowCount, columnCount, data: normalizeRows(data, columnCount) };
    case 'standard':
    case 'minmax':
      return { rowCount, columnCount, data: shiftAndStretch(data, scaling.offset, scaling.factor) };
    default:
      return scaling.kind satisfies never;
  }
}

function inverseRange(range: number): number {
  return range === 0 ? 1 : 1 / range;
}
