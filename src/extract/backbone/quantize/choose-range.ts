import type { Range } from './activation-ranges.ts';
import { type Observation, quantizationError } from './observe.kernel.ts';

/** Fractions of the observed extremes to try; below them, clipping always costs more than it saves. */
const fractions = Array.from({ length: 29 }, (_, i) => 1 - 0.025 * i);
/** Fractions tried for both ends together. */
const pairFractions = Array.from({ length: 15 }, (_, i) => 1 - 0.05 * i);

/**
 * The range whose 256 levels represent the observed values with the least mean squared error. Zero is always one of the
 * levels because a convolution's padding needs it.
 */
export function chooseRange(observation: Observation): Range {
  const { low, high } = observation;
  if (low === 0 && high === 0) return { low: 0, high: 1 };
  let best: Range = { low, high };
  let least = Number.POSITIVE_INFINITY;
  const grid = low < 0 && high > 0 ? pairFractions : fractions;
  for (const lowFraction of low < 0 ? grid : [1]) {
    for (const highFraction of high > 0 ? grid : [1]) {
      const candidate = withZeroLevel(low * lowFraction, high * highFraction);
      const error = quantizationError(observation, candidate.low, candidate.high);
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
  }
  return best;
}

/** Moves a range by less than a level so that zero falls on one. */
function withZeroLevel(low: number, high: number): Range {
  const scale = Math.fround((high - low) / 255);
  const zeroPoint = Math.round(-low / scale);
  return { low: -zeroPoint * scale, high: (255 - zeroPoint) * scale };
}
