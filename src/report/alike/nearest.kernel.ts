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
 * The `count` most similar other rows of rows [first, first + rows), most similar first, the earlier of equals; -1 where
 * there are fewer.
 *
 * @param similarities of these rows with all: [rows, rowCount]
 * @param nearest numbers of the other rows, [rowCount, count], and `similarity` theirs, written at the row's own place
 */
export function keepNearest(
  similarities: Float32Array,
  first: number,
  rows: number,
  rowCount: number,
  count: number,
  nearest: Int32Array,
  similarity: Float32Array,
): void {
  for (let i = 0; i < rows; i++) {
    const row = first + i;
    const at = row * count;
    let kept = 0;
    for (let other = 0, from = i * rowCount; other < rowCount; other++, from++) {
      const value = similarities[from];
      if (other === row || (kept === count && value <= similarity[at + count - 1])) continue;
      let place = kept < count ? kept++ : count - 1;
      for (; place > 0 && similarity[at + place - 1] < value; place--) {
        similarity[at + place] = similarity[at + place - 1];
        nearest[at + place] = nearest[at + place - 1];
      }
      similarity[at + place] = value;
      nearest[at + place] = other;
    }
    nearest.fill(-1, at + kept, at + count);
  }
}
