/**
 * Class probabilities from one-vs-one decision values, with one slope for all classifiers: p(c) is proportional to
 * 1 / (1 + sum over other classes o of exp(-slope value(c, o))). This is the coupling of Price, Knerr, Personnaz and Dreyfus
 * ("Pairwise neural network classifiers with probabilistic outputs", NIPS 7, 1995) for sigmoid(slope value), in closed form.
 *
 * Pair values are [pairs, rows], pairs as (0,1), (0,2) … (1,2) …, positive for the lower class.
 */

/** Start of the search for a slope, a typical one for pooled features, and its bounds. */
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
 * The slope with the least cross-entropy on held-out rows. The target of the true class is 1 - 1/(rows + 2), the rest is
 * spread over all classes, so that rows without an error do not drive the slope to infinity (as Platt's smoothed targets).
 */
export function fitSlope(pairValues: Float32Array, labels: Int32Array, classCount: number): number {
  const lossAt = (slope: number): number => slopeLoss(pairValues, labels, classCount, slope);
  // Doubles or halves the slope until the loss is larger on both sides.
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
  // Minimum of the parabola through the three, over log(slope); there may be none at a bound.
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

/** Bounds odds so that sums over the classes fit in float64 and no probability is exactly 0. */
function boundedExponent(exponent: number): number {
  return Math.min(Math.max(exponent, -LARGEST_EXPONENT), LARGEST_EXPONENT);
}
