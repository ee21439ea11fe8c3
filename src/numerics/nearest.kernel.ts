/** Divides each row by its L2 norm, into `out`; rows of zeros stay. [rows, columns] */
export function unitRows(data: Float32Array, rowCount: number, columnCount: number, out: Float32Array = data): void {
  for (let row = 0, at = 0; row < rowCount; row++, at += columnCount) {
    let squares = 0;
    for (let i = at; i < at + columnCount; i++) squares += data[i] * data[i];
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = at; i < at + columnCount; i++) out[i] = data[i] * scale;
  }
}

/**
 * The `count` most similar rows of a bank for each query, most similar first, ties by row number; -1 if there are
 * fewer. Skips bank rows of the query's own fold.
 *
 * @param similarities [queries, bankRows]
 * @param queryFolds fold per query, and `bankFolds` per row; undefined to skip none
 * @param nearest output [queries, count], and `similarity` likewise
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
  nearest.fill(-1);
  similarity.fill(Number.NEGATIVE_INFINITY);
  for (let query = 0, from = 0; query < queries; query++) {
    const at = query * count;
    for (let row = 0; row < bankRows; row++, from++) {
      if (queryFolds !== undefined && bankFolds !== undefined && bankFolds[row] === queryFolds[query]) continue;
      const value = similarities[from];
      if (value > similarity[at + count - 1]) insert(value, row, at, count, nearest, similarity);
    }
  }
  for (let i = 0; i < nearest.length; i++) if (nearest[i] < 0) similarity[i] = 0;
}

/**
 * Updates the nearest neighbours of both sides from the similarities of some rows with themselves and all later rows,
 * so that each pair is computed once. Call it for consecutive blocks of rows.
 *
 * @param similarities [rows, these and all later rows]
 * @param first index of the first row
 * @param nearest [all rows, count], most similar first, ties by row number; -1 if there are fewer so far
 * @param similarity likewise, -Infinity if there are fewer so far
 */
export function keepNearestOfBoth(
  similarities: Float32Array,
  first: number,
  count: number,
  nearest: Int32Array,
  similarity: Float32Array,
): void {
  const after = nearest.length / count - first;
  const rows = similarities.length / after;
  for (let i = 0; i < rows; i++) {
    const from = i * after;
    for (let j = i + 1; j < after; j++) {
      const value = similarities[from + j];
      const a = (first + i) * count;
      const b = (first + j) * count;
      if (value > similarity[a + count - 1]) insert(value, first + j, a, count, nearest, similarity);
      if (value > similarity[b + count - 1]) insert(value, first + i, b, count, nearest, similarity);
    }
  }
}

function insert(
  value: number,
  row: number,
  at: number,
  count: number,
  nearest: Int32Array,
  similarity: Float32Array,
): void {
  let place = at + count - 1;
  for (; place > at && similarity[place - 1] < value; place--) {
    similarity[place] = similarity[place - 1];
    nearest[place] = nearest[place - 1];
  }
  similarity[place] = value;
  nearest[place] = row;
}
