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
