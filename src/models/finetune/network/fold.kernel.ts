/** A copy with each row multiplied by a factor: [rows, columns] by [rows]. */
export function foldRows(values: Float32Array, scale: Float64Array): Float32Array {
  const out = new Float32Array(values.length);
  const columns = values.length / scale.length;
  for (let row = 0, i = 0; row < scale.length; row++) {
    const by = scale[row];
    for (const end = i + columns; i < end; i++) out[i] = values[i] * by;
  }
  return out;
}
