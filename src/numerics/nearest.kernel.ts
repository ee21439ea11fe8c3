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
 * The `count` most similar rows of a bank for each query, most similar first, the earlier of equals; -1 where there are
 * fewer. A bank row of the query's own fold is passed over.
 *
 * @param similarities [queries, bankRows]
 * @param queryFolds per query, and `bankFolds` per row; undefined where none is passed over
 * @param nearest [queries, count], and `similarity` likewise, are written
 */
export function keepNearest(
  similarities: Float32Array,
  bankRows: number,
  count: number,
  queryFolds: Int32Array | undefined,
  bankFolds: Int32Array | undefined,
  nearest: Int32Array,
  similarity: Float32Array,
): void {
  const queries = nearest.length / count;
  for (let query = 0, from = 0; query < queries; query++) {
    const at = query * count;
    let kept = 0;
    for (let row = 0; row < bankRows; row++, from++) {
      if (queryFolds !== undefined && bankFolds !== undefined && bankFolds[row] === queryFolds[query]) continue;
      const value = similarities[from];
      if (kept === count && value <= similarity[at + count - 1]) continue;
      let place = kept < count ? kept++ : count - 1;
      for (; place > 0 && similarity[at + place - 1] < value; place--) {
        similarity[at + place] = similarity[at + place - 1];
        nearest[at + place] = nearest[at + place - 1];
      }
      similarity[at + place] = value;
      nearest[at + place] = row;
    }
    nearest.fill(-1, at + kept, at + count);
  }
}
