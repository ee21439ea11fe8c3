/** The two most probable classes of each row, the earlier of equals first: [rows, 2]; there are two classes at least. */
export function twoLikeliest(probabilities: Float32Array, classCount: number): Int32Array {
  const rowCount = probabilities.length / classCount;
  const found = new Int32Array(2 * rowCount);
  for (let row = 0, at = 0; row < rowCount; row++, at += classCount) {
    let [first, second] = probabilities[at + 1] > probabilities[at] ? [1, 0] : [0, 1];
    for (let c = 2; c < classCount; c++) {
      const value = probabilities[at + c];
      if (value > probabilities[at + first]) [first, second] = [c, first];
      else if (value > probabilities[at + second]) second = c;
    }
    found[2 * row] = first;
    found[2 * row + 1] = second;
  }
  return found;
}
