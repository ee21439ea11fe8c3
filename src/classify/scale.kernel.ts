/** Smallest and largest of each column: [rows, columns] -> [columns] each. */
export function columnRanges(data: Float32Array, columns: number): { low: Float64Array; high: Float64Array } {
  const low = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < data.length; ) {
    for (let c = 0; c < columns; c++, i++) {
      if (data[i] < low[c]) low[c] = data[i];
      if (data[i] > high[c]) high[c] = data[i];
    }
  }
  return { low, high };
}

/** Mean and standard deviation (n in the denominator) of each column, in two passes of float64. */
export function columnMoments(data: Float32Array, columns: number): { mean: Float64Array; deviation: Float64Array } {
  const rows = data.length / columns;
  const mean = new Float64Array(columns);
  for (let i = 0; i < data.length; ) for (let c = 0; c < columns; c++, i++) mean[c] += data[i];
  for (let c = 0; c < columns; c++) mean[c] /= rows;
  const deviation = new Float64Array(columns);
  for (let i = 0; i < data.length; ) {
    for (let c = 0; c < columns; c++, i++) deviation[c] += (data[i] - mean[c]) * (data[i] - mean[c]);
  }
  for (let c = 0; c < columns; c++) deviation[c] = Math.sqrt(deviation[c] / rows);
  return { mean, deviation };
}

/** (x - offset) * factor, column by column: [rows, columns]. */
export function shiftAndStretch(data: Float32Array, offset: Float64Array, factor: Float64Array): Float32Array {
  const columns = offset.length;
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; ) for (let c = 0; c < columns; c++, i++) out[i] = (data[i] - offset[c]) * factor[c];
  return out;
}

/** Each row over its length; a row of zeros stays. [rows, columns] */
export function normalizeRows(data: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += columns) {
    let squares = 0;
    for (let i = start; i < start + columns; i++) squares += data[i] * data[i];
    const factor = squares === 0 ? 1 : 1 / Math.sqrt(squares);
    for (let i = start; i < start + columns; i++) out[i] = data[i] * factor;
  }
  return out;
}
