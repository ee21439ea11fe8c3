/** Updates each column's minimum and maximum: [rows, columns] into [columns] each. */
export function widenRanges(low: Float64Array, high: Float64Array, data: Float32Array): void {
  const columns = low.length;
  for (let i = 0; i < data.length; ) {
    for (let c = 0; c < columns; c++, i++) {
      if (data[i] < low[c]) low[c] = data[i];
      if (data[i] > high[c]) high[c] = data[i];
    }
  }
}

/** sums[c] += (x - mean[c])², column by column, in float64: [rows, columns] into [columns]. */
export function addSquaredDistances(sums: Float64Array, data: Float32Array, mean: Float64Array): void {
  const columns = mean.length;
  for (let i = 0; i < data.length; ) {
    for (let c = 0; c < columns; c++, i++) sums[c] += (data[i] - mean[c]) * (data[i] - mean[c]);
  }
}

/** (x - offset) * factor, column by column, into `out`, which may be `data` itself: [rows, columns]. */
export function shiftAndStretch(
  data: Float32Array,
  offset: Float64Array,
  factor: Float64Array,
  out: Float32Array,
): void {
  const columns = offset.length;
  for (let i = 0; i < data.length; ) for (let c = 0; c < columns; c++, i++) out[i] = (data[i] - offset[c]) * factor[c];
}

/**
 * Converts weights [classes, columns] and a bias for scaled rows, (x - offset) * factor, to those for unscaled rows, in
 * place.
 */
export function foldScaling(
  weights: Float64Array,
  bias: Float64Array,
  offset: Float64Array,
  factor: Float64Array,
): void {
  for (let c = 0, i = 0; c < bias.length; c++) {
    for (let d = 0; d < offset.length; d++, i++) {
      weights[i] *= factor[d];
      bias[c] -= weights[i] * offset[d];
    }
  }
}
