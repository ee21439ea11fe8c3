/** Rows divided by their L2 norm (computed in float64), [rows, columns]; rows of zeros stay. */
export function unitRows(data: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  const whole = columns - (columns % 4);
  for (let start = 0; start < data.length; start += columns) {
    const end = start + columns;
    // Four independent sums, for instruction-level parallelism.
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let i = start;
    for (const last = start + whole; i < last; i += 4) {
      s0 += data[i] * data[i];
      s1 += data[i + 1] * data[i + 1];
      s2 += data[i + 2] * data[i + 2];
      s3 += data[i + 3] * data[i + 3];
    }
    for (; i < end; i++) s0 += data[i] * data[i];
    const squares = s0 + s1 + (s2 + s3);
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (i = start; i < end; i++) out[i] = data[i] * scale;
  }
  return out;
}

/** The most similar training rows of each query so far. */
interface Neighbours {
  /** [queries, k]: most similar first, minus infinity if there is none yet. */
  readonly similarity: Float32Array;
  /** [queries, k]: their row numbers. */
  readonly row: Int32Array;
  /** [queries]: smallest kept similarity, which a row must exceed to be kept. */
  readonly least: Float32Array;
}

export function emptyNeighbours(queries: number, k: number): Neighbours {
  return {
    similarity: new Float32Array(queries * k).fill(Number.NEGATIVE_INFINITY),
    row: new Int32Array(queries * k),
    least: new Float32Array(queries).fill(Number.NEGATIVE_INFINITY),
  };
}

/**
 * Updates the neighbours with the next block of training rows; among ties, the earlier row comes first.
 *
 * @param similarities [rows, queries]
 * @param firstRow number of the first of these rows
 */
export function keepNearer(similarities: Float32Array, firstRow: number, neighbours: Neighbours): void {
  const { similarity, row, least } = neighbours;
  const queries = least.length;
  const k = row.length / queries;
  for (let i = 0, now = firstRow; i < similarities.length; now++) {
    for (let query = 0; query < queries; query++, i++) {
      const value = similarities[i];
      if (value <= least[query]) continue;
      const first = query * k;
      let at = first + k - 1;
      while (at > first && similarity[at - 1] < value) {
        similarity[at] = similarity[at - 1];
        row[at] = row[at - 1];
        at--;
      }
      similarity[at] = value;
      row[at] = now;
      least[query] = similarity[first + k - 1];
    }
  }
}

/**
 * Adds up the votes of each query's neighbours.
 *
 * @param weights weight of each training row, above 0; null for 1 each
 * @param temperature a vote has weight exp(similarity / temperature); 0 for equal votes
 * @param votes [queries, classCount], out: shares that sum to 1 per query
 */
export function neighbourVotes(
  { similarity, row, least }: Neighbours,
  labels: Int32Array,
  weights: Float64Array | null,
  temperature: number,
  classCount: number,
  votes: Float32Array,
): void {
  const k = row.length / least.length;
  const sums = new Float64Array(classCount);
  for (let query = 0, first = 0; query < least.length; query++, first += k) {
    sums.fill(0);
    let total = 0;
    for (let i = first; i < first + k; i++) {
      // Relative to the nearest, so that a small temperature does not overflow.
      const nearness = temperature === 0 ? 1 : Math.exp((similarity[i] - similarity[first]) / temperature);
      const vote = nearness * (weights === null ? 1 : weights[row[i]]);
      sums[labels[row[i]]] += vote;
      total += vote;
    }
    for (let c = 0; c < classCount; c++) votes[query * classCount + c] = sums[c] / total;
  }
}
