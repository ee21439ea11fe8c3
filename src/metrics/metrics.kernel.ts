/** Column of the largest value of each row, the first among ties: numpy.argmax(axis=1). [rows, columns] -> [rows] */
export function largestPerRow(data: Float32Array, columns: number): Int32Array {
  const found = new Int32Array(data.length / columns);
  for (let row = 0, start = 0; row < found.length; row++, start += columns) {
    let best = 0;
    for (let c = 1; c < columns; c++) if (data[start + c] > data[start + best]) best = c;
    found[row] = best;
  }
  return found;
}

/**
 * Class numbers in display order: the predicted class first, then the others by decreasing probability, ties by class
 * number. The predicted class is that of the head's `predict`; an SVM's, by votes, may not be the most probable.
 *
 * @param probabilities of one row
 */
export function rankedClasses(probabilities: Float32Array, predicted: number): number[] {
  const others = [...probabilities.keys()].filter((c) => c !== predicted);
  return [predicted, ...others.sort((a, b) => probabilities[b] - probabilities[a] || a - b)];
}

/**
 * The first `count` of the `rankedClasses` of each row, without sorting all of them. [rows, columns] -> [rows, count]
 */
export function topOfRows(data: Float32Array, columns: number, count: number, predicted: Int32Array): Int32Array {
  const found = new Int32Array(predicted.length * count);
  for (let row = 0, start = 0; row < predicted.length; row++, start += columns) {
    const at = row * count;
    found[at] = predicted[row];
    let kept = 1;
    for (let c = 0; c < columns; c++) {
      const value = data[start + c];
      if (c === predicted[row] || (kept === count && !(value > data[start + found[at + count - 1]]))) continue;
      let place = kept < count ? kept++ : count - 1;
      for (; place > 1 && value > data[start + found[at + place - 1]]; place--)
        found[at + place] = found[at + place - 1];
      if (place > 0) found[at + place] = c;
    }
  }
  return found;
}

/**
 * How many values of each row rank above the value at `labels[row]`; among ties the later column ranks higher, as in
 * scikit-learn's top_k_accuracy_score. [rows, columns], [rows] -> [rows]
 */
export function rankOfLabel(data: Float32Array, columns: number, labels: Int32Array): Int32Array {
  const ranks = new Int32Array(labels.length);
  for (let row = 0, start = 0; row < ranks.length; row++, start += columns) {
    const own = data[start + labels[row]];
    let above = 0;
    for (let c = 0; c < columns; c++) {
      const value = data[start + c];
      if (value > own || (value === own && c > labels[row])) above++;
    }
    ranks[row] = above;
  }
  return ranks;
}

/**
 * Sum over the rows of -log of the probability at `labels[row]`, each clipped to [clip, 1 - clip] and the row
 * rescaled to sum to 1: scikit-learn 1.2's log_loss.
 */
export function logLossSum(data: Float32Array, columns: number, labels: Int32Array, clip: number): number {
  let loss = 0;
  for (let row = 0, start = 0; row < labels.length; row++, start += columns) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += Math.min(Math.max(data[start + c], clip), 1 - clip);
    const own = Math.min(Math.max(data[start + labels[row]], clip), 1 - clip);
    loss -= Math.log(own / sum);
  }
  return loss;
}

/** confusion[true * classCount + predicted] += 1 for every row. */
export function countConfusion(confusion: Int32Array, classCount: number, truth: Int32Array, found: Int32Array): void {
  for (let row = 0; row < truth.length; row++) confusion[truth[row] * classCount + found[row]]++;
}

export function countCorrect(truth: Int32Array, found: Int32Array): number {
  let correct = 0;
  for (let row = 0; row < truth.length; row++) if (truth[row] === found[row]) correct++;
  return correct;
}
