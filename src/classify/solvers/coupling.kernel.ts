/**
 * Class probabilities from one-vs-one decision values, with one slope for all machines:
 * p(c) is proportional to 1 / (1 + sum over other classes o of exp(-slope value(c, o))).
 * It is the coupling of Price, Knerr, Personnaz, Dreyfus ("Pairwise neural network classifiers with probabilistic
 * outputs", NIPS 7, 1995) for pairwise probabilities sigmoid(slope value), in closed form.
 *
 * Pair values are [pairs][rows], pairs as (0,1), (0,2) … (1,2) …, positive for the lower class.
 */

/** Halvings and doublings of the slope that are tried, from SMALLEST_SLOPE; 1/8 to 256. */
const SLOPE_COUNT = 12;
const SMALLEST_SLOPE = 0.125;
const LARGEST_EXPONENT = 300;
const LARGEST_ODDS = Math.exp(LARGEST_EXPONENT);

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
 * The slope with the least cross-entropy on rows that the machines have not seen. The true class is given
 * 1 - 1/(rows + 2) of each row and the rest is spread over all classes, so that rows without a single error do not
 * drive the slope to infinity (Platt's reason for his smoothed targets).
 */
export function fitSlope(pairValues: Float32Array, labels: Int32Array, classCount: number): number {
  const losses = slopeLosses(pairValues, labels, classCount);
  let best = 0;
  for (let level = 1; level < SLOPE_COUNT; level++) if (losses[level] < losses[best]) best = level;
  // The minimum of the parabola through the best slope and its neighbours, over the slope's logarithm.
  let shift = 0;
  if (best > 0 && best < SLOPE_COUNT - 1) {
    const bend = losses[best - 1] - 2 * losses[best] + losses[best + 1];
    if (bend > 0) shift = (losses[best - 1] - losses[best + 1]) / (2 * bend);
  }
  return SMALLEST_SLOPE * 2 ** (best + shift);
}

/** Mean cross-entropy per slope, [SLOPE_COUNT]: exp once, then squares, since each slope is twice the one before. */
function slopeLosses(pairValues: Float32Array, labels: Int32Array, classCount: number): Float64Array {
  const rowCount = labels.length;
  const pairCount = (classCount * (classCount - 1)) / 2;
  const odds = new Float64Array(pairCount);
  const inverses = new Float64Array(pairCount);
  const sums = new Float64Array(classCount);
  const losses = new Float64Array(SLOPE_COUNT);
  const smoothing = 1 / (rowCount + 2);
  for (let row = 0; row < rowCount; row++) {
    for (let pair = 0; pair < pairCount; pair++) {
      odds[pair] = Math.exp(boundedExponent(-SMALLEST_SLOPE * pairValues[pair * rowCount + row]));
      inverses[pair] = 1 / odds[pair];
    }
    for (let level = 0; level < SLOPE_COUNT; level++) {
      sums.fill(1);
      for (let low = 0, pair = 0; low < classCount; low++) {
        let sum = 0;
        for (let high = low + 1; high < classCount; high++, pair++) {
          const value = odds[pair];
          const inverse = inverses[pair];
          sum += value;
          sums[high] += inverse;
          // One of the two is at least 1, so bounding both keeps them each other's inverse.
          odds[pair] = Math.min(Math.max(value * value, 1 / LARGEST_ODDS), LARGEST_ODDS);
          inverses[pair] = Math.min(Math.max(inverse * inverse, 1 / LARGEST_ODDS), LARGEST_ODDS);
        }
        sums[low] += sum;
      }
      let total = 0;
      let logs = 0;
      for (let c = 0; c < classCount; c++) {
        total += 1 / sums[c];
        logs += Math.log(sums[c]);
      }
      const truth = Math.log(sums[labels[row]]);
      losses[level] += (Math.log(total) + (1 - smoothing) * truth + (smoothing * logs) / classCount) / rowCount;
    }
  }
  return losses;
}

/** Keeps odds within float64 with room for the sum over the classes: no probability becomes exactly 0. */
function boundedExponent(exponent: number): number {
  return Math.min(Math.max(exponent, -LARGEST_EXPONENT), LARGEST_EXPONENT);
}
