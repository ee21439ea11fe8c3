/** Cosine of each pair of rows; 1 where both are zero, NaN where one is. */
export function cosines(a: Float32Array, b: Float32Array, rowCount: number): Float64Array {
  const length = b.length / rowCount;
  const out = new Float64Array(rowCount);
  for (let row = 0, at = 0; row < rowCount; row++) {
    let ab = 0;
    let aa = 0;
    let bb = 0;
    for (const end = at + length; at < end; at++) {
      ab += a[at] * b[at];
      aa += a[at] * a[at];
      bb += b[at] * b[at];
    }
    out[row] = aa === 0 && bb === 0 ? 1 : ab / Math.sqrt(aa * bb);
  }
  return out;
}
