/**
 * Class probabilities from one-vs-one decision values, with one slope for all classifiers:
 * p(c) is proportional to 1 / (1 + sum over other classes o of exp(-slope value(c, o))).
 * It is the coupling of Price, Knerr, Personnaz, Dreyfus ("Pairwise neural network classifiers with probabilistic
 * outputs", NIPS 7, 1995) for pairwise probabilities sigmoid(slope value), in closed form.
 *
 * Pair values are [pairs][rows], pairs as (0,1), (0,2) … (1,2) …, positive for the lower class.
 */

/** The search for a slope starts here, near what pooled network features ask for, and stays within the bounds. */
const FIRST_SLOPE = 8;
const SMALLEST_SLOPE = 0.125;
const LARGEST_SLOPE = 256;
const LARGEST_EXPONENT = 300;

/** Probabilities [rows, classes]; every row sums to 1. */
export function couple(pairValues: Float32Array, classCount: number, rowCount: number, slope: number): Float64Array {
  const out = new Float64Array(rowCount * classCount);
  const sums = new Float64Array(classCount);
  for (let row = 0; row < rowCount; row++) {
    sums.fill(1);
    for (let low = 0, pair = 0; low < classCount; low++) {
      for (let high = low + 1; high < classCount; high++, pair++) {
        const odds = Math.exp(boundedExponent(-slope * pairValues[pair * rowCount + row]));
        sums[low] += odds;
        sums[high] += 1 / odds;
      }
    }
    let total = 0;
    for (let c = 0; c < classCount; c++) total += 1 / sums[c];
    for (let c = 0; c < classCount; c++) out[row * classCount + c] = 1 / sums[c] / total;
  }
  return out;
}

/**
 * The slope with the least cross-entropy on rows that the classifiers have not seen. The true class is given
 * 1 - 1/(rows + 2) of each row and the rest is spread over all classes, so that rows without a single error do not
 * drive the slope to infinity (Platt's reason for his smoothed targets).
 */
export function fitSlope(pairValues: Float32Array, labels: Int32Array, classCount: number): number {
  const lossAt = (slope: number): number => slopeLoss(pairValues, labels, classCount, slope);
  // Downhill by doublings or halvings, until the loss has risen on both sides.
  let slope = FIRST_SLOPE;
  let loss = lossAt(slope);
  let above = lossAt(2 * slope);
  let below = Number.POSITIVE_INFINITY;
  if (above < loss) {
    while (above < loss && slope < LARGEST_SLOPE) {
      below = loss;
      loss = above;
      slope *= 2;
      above = lossAt(2 * slope);
    }
  } else {
    below = lossAt(slope / 2);
    while (below < loss && slope > SMALLEST_SLOPE) {
      above = loss;
      loss = below;
      slope /= 2;
      below = lossAt(slope / 2);
    }
  }
  // The minimum of the parabola through the three, over the slope's logarithm; at a bound there may be none.
  const bend = below - 2 * loss + above;
  return bend > 0 && below >= loss && above >= loss ? slope * 2 ** ((below - above) / (2 * bend)) : slope;
}

function slopeLoss(pairValues: Float32Array, labels: Int32Array, classCount: number, slope: number): number {
  const rowCount = labels.length;
  const sums = new Float64Array(classCount);
  const smoothing = 1 / (rowCount + 2);
  let loss = 0;
  for (let row = 0; row < rowCount; row++) {
    sums.fill(1);
    for (let low = 0, at = row; low < classCount; low++) {
      let sum = 0;
      for (let high = low + 1; high < classCount; high++, at += rowCount) {
        const odds = Math.exp(boundedExponent(-slope * pairValues[at]));
        sum += odds;
        sums[high] += 1 / odds;
      }
      sums[low] += sum;
    }
    let total = 0;
    let logs = 0;
    for (let c = 0; c < classCount; c++) {
      total += 1 / sums[c];
      logs += Math.log(sums[c]);
    }
    loss += Math.log(total) + (1 - smoothing) * Math.log(sums[labels[row]]) + (smoothing * logs) / classCount;
  }
  return loss / rowCount;
}

/** Keeps odds within float64 with room for the sum over the classes: no probability becomes exactly 0. */
function boundedExponent(exponent: number): number {
  return Math.min(Math.max(exponent, -LARGEST_EXPONENT), LARGEST_EXPONENT);
}
