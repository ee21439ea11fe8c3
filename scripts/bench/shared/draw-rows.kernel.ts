/**
 * Fills rows of overlapping classes: approximately normal noise plus a pattern per class, whose length is `distance`
 * times the noise's standard deviation. A number depends only on its row and column, so that parts of a matrix can be
 * filled separately.
 *
 * @param data [rows, columns], the rows from `firstRow` on; class of a row: row % classes
 */
export function drawRows(
  data: Float32Array,
  columns: number,
  firstRow: number,
  classes: number,
  distance: number,
): void {
  const step = distance / Math.sqrt(columns);
  for (let i = 0, row = firstRow; i < data.length; row++) {
    const label = row % classes;
    for (let column = 0; column < columns; column++, i++) {
      const noise = mixed(row, column);
      // The sum of two uniform 16-bit numbers has a standard deviation of 0.41.
      const spread = (noise & 0xffff) / 0x10000 + (noise >>> 16) / 0x10000;
      const sign = (mixed(label + 0x10000000, column) & 1) === 0 ? 1 : -1;
      data[i] = Math.max(0, spread - 0.4 + 0.41 * step * sign);
    }
  }
}

/** 32 pseudo-random bits (Chris Wellons' lowbias32 of the two numbers). */
function mixed(row: number, column: number): number {
  let bits = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(column + 1, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return bits ^ (bits >>> 16);
}
