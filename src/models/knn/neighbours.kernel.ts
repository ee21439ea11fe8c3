/** Rows divided by their Euclidean length (taken in float64), [rows, columns]; a row of zeros stays one. */
export function unitRows(data: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += columns) {
    const end = start + columns;
    let squares = 0;
    for (let i = start; i < end; i++) squares += data[i] * data[i];
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = start; i < end; i++) out[i] = data[i] * scale;
  }
  return out;
}

/**
 * Adds up the votes of the `k` most similar training rows for each query row; of equally similar ones the earlier row
 * comes first.
 *
 * @param similarities [queries, trainRows]
 * @param weights vote of each training row before its similarity counts, above 0; null for 1 each
 * @param temperature a vote counts exp(similarity / temperature); 0 for votes that all count 1
 * @param votes [queries, classCount], out: shares that sum to 1 per query
 */
export function neighbourVotes(
  similarities: Float32Array,
  trainRows: number,
  labels: Int32Array,
  weights: Float64Array | null,
  k: number,
  temperature: number,
  classCount: number,
  votes: Float32Array,
): void {
  const queries = similarities.length / trainRows;
  const best = new Float32Array(k);
  const bestRow = new Int32Array(k);
  const sums = new Float64Array(classCount);
  for (let query = 0; query < queries; query++) {
    const start = query * trainRows;
    let count = 0;
    for (let row = 0; row < trainRows; row++) {
      const similarity = similarities[start + row];
      if (count === k && similarity <= best[k - 1]) continue;
      let at = count < k ? count++ : k - 1;
      while (at > 0 && best[at - 1] < similarity) {
        best[at] = best[at - 1];
        bestRow[at] = bestRow[at - 1];
        at--;
      }
      best[at] = similarity;
      bestRow[at] = row;
    }
    sums.fill(0);
    let total = 0;
    for (let i = 0; i < count; i++) {
      // Relative to the nearest one, so that a small temperature does not overflow.
      const nearness = temperature === 0 ? 1 : Math.exp((best[i] - best[0]) / temperature);
      const vote = nearness * (weights === null ? 1 : weights[bestRow[i]]);
      sums[labels[bestRow[i]]] += vote;
      total += vote;
    }
    for (let c = 0; c < classCount; c++) votes[query * classCount + c] = sums[c] / total;
  }
}
