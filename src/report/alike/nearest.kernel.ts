/** Brings each row to length 1, in place; a row of zeros stays. [rows, columns] */
export function unitRows(data: Float32Array, rowCount: number, columnCount: number): void {
  for (let row = 0, at = 0; row < rowCount; row++, at += columnCount) {
    let squares = 0;
    for (let i = at; i < at + columnCount; i++) squares += data[i] * data[i];
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = at; i < at + columnCount; i++) data[i] *= scale;
  }
}

/**
 * The most similar other row of rows [first, first + count), the earlier of equals.
 *
 * @param similarities of these rows with all: [count, rowCount]
 * @param nearest number of the other row, and `largest` the similarity, written at the row's own place
 */
export function keepNearest(
  similarities: Float32Array,
  first: number,
  count: number,
  rowCount: number,
  nearest: Int32Array,
  largest: Float32Array,
): void {
  for (let i = 0; i < count; i++) {
    const row = first + i;
    let best = -1;
    let value = -2;
    for (let other = 0, at = i * rowCount; other < rowCount; other++, at++) {
      if (other !== row && similarities[at] > value) {
        value = similarities[at];
        best = other;
      }
    }
    nearest[row] = best;
    largest[row] = value;
  }
}
