import { temperatureSlope } from './ridge.kernel.ts';

/** Bisections before secants: the slope is then almost linear. */
const halvings = 6;
/** Of the logarithm of the factor. */
const factorTolerance = 1e-8;

/**
 * The likeliest factor of softmax(factor * scores), between 0.01 and 1000: the zero of the derivative of the cross-entropy,
 * which is convex, by bisection and then the Illinois form of false position (Dowell and Jarratt, 1971).
 */
export function fitTemperature(
  scores: Float64Array,
  labels: Int32Array,
  present: Uint8Array,
  weights: Float64Array | null,
): number {
  const slopeAt = (log: number): number => temperatureSlope(scores, labels, present, weights, Math.exp(log));
  let low = Math.log(0.01);
  let high = Math.log(1000);
  let lowSlope = Number.NaN;
  let highSlope = Number.NaN;
  let last = 0;
  for (let i = 0; i < 40 && high - low > factorTolerance; i++) {
    const bracketed = i >= halvings && lowSlope < 0 && highSlope > 0;
    const middle = bracketed ? (low * highSlope - high * lowSlope) / (highSlope - lowSlope) : (low + high) / 2;
    const slope = slopeAt(middle);
    // Illinois: an end that stays twice in a row counts half.
    if (slope < 0) {
      if (bracketed && Math.abs(middle - low) < factorTolerance / 2) return Math.exp(middle);
      [low, lowSlope] = [middle, slope];
      if (last < 0) highSlope /= 2;
      last = -1;
    } else {
      if (bracketed && Math.abs(high - middle) < factorTolerance / 2) return Math.exp(middle);
      [high, highSlope] = [middle, slope];
      if (last > 0) lowSlope /= 2;
      last = 1;
    }
  }
  return Math.exp((low + high) / 2);
}

/** The factor of few rows is at most the likeliest one for photos of 42 breeds with one or two training photos of each. */
const largestCautiousFactor = 17;

/**
 * The factor where too few rows have another one of their class to fit it. A row that is left out has a score for each
 * class of the other rows; they say nothing about its own class, so the factor gives them a standard deviation of a
 * half: a row like none of the training rows gets nearly even probabilities. 1 if there are no two other classes.
 *
 * @param scores [rows, classes], each by the fit without the row
 */
export function cautiousFactor(scores: Float64Array, labels: Int32Array, present: Uint8Array): number {
  const columns = present.length;
  let squares = 0;
  let count = 0;
  for (const [row, label] of labels.entries()) {
    const others = scores
      .subarray(row * columns, (row + 1) * columns)
      .filter((_, c) => c !== label && present[c] === 1);
    const mean = others.reduce((sum, score) => sum + score, 0) / others.length;
    for (const score of others) squares += (score - mean) ** 2;
    count += others.length - 1;
  }
  return count <= 0 ? 1 : Math.min(largestCautiousFactor, 0.5 / Math.sqrt(squares / count));
}
