/**
 * k-center greedy (Sener and Savarese, 2018, "Active Learning for Convolutional Neural Networks: A Core-Set Approach"):
 * repeatedly chooses the row farthest from all chosen ones, the first among ties.
 *
 * @param rows unit rows: [rows, columns]
 * @param count at most as many as there are rows
 * @param distances cosine distance of each row to the nearest that counts as chosen before, infinite where there is
 *   none: the first row is then the first one chosen; is changed
 * @returns row numbers in the order chosen
 */
export function kCenterGreedy(rows: Float32Array, columns: number, count: number, distances: Float64Array): Int32Array {
  const chosen = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let farthest = -1;
    for (let row = 0; row < distances.length; row++) {
      if (distances[row] >= 0 && (farthest < 0 || distances[row] > distances[farthest])) farthest = row;
    }
    chosen[i] = farthest;
    const own = farthest * columns;
    for (let row = 0, at = 0; row < distances.length; row++, at += columns) {
      // Chosen rows get -1, below any distance.
      if (distances[row] < 0) continue;
      let cosine = 0;
      for (let c = 0; c < columns; c++) cosine += rows[at + c] * rows[own + c];
      distances[row] = Math.max(0, Math.min(distances[row], 1 - cosine));
    }
    distances[farthest] = -1;
  }
  return chosen;
}
