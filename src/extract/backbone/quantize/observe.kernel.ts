/** Bins of a histogram over [-span, span]. Even: the two halves meet at zero. */
const binCount = 4096;

/** Histogram of a tensor's values, and their mean per channel. Spans grow by doubling: bins merge in pairs. */
export interface Observation {
  span: number;
  low: number;
  high: number;
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  valueCount: number;
}

export function emptyObservation(channels: number): Observation {
  return {
    span: 0,
    low: 0,
    high: 0,
    counts: new Float64Array(binCount),
    sums: new Float64Array(channels),
    valueCount: 0,
  };
}

/** Adds one image's tensor, [channels, positions]: every `step`-th position of each channel. */
export function observe(observation: Observation, data: Float32Array, positions: number, step: number): void {
  const { counts, sums } = observation;
  const channels = sums.length;
  let low = observation.low;
  let high = observation.high;
  let taken = 0;
  for (let channel = 0; channel < channels; channel++) {
    // The first position differs per channel: a step that divides the width would sample the same columns only.
    const start = channel * positions + (channel % step);
    const end = (channel + 1) * positions;
    let sum = 0;
    for (let at = start; at < end; at += step) {
      const value = data[at];
      sum += value;
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    sums[channel] += (sum * positions) / Math.ceil((end - start) / step);
    taken += positions;
  }
  observation.low = low;
  observation.high = high;
  observation.valueCount += taken / channels;
  widen(observation, Math.max(-low, high));
  if (observation.span === 0) return;
  const scale = binCount / 2 / observation.span;
  const middle = binCount / 2;
  for (let channel = 0; channel < channels; channel++) {
    const end = (channel + 1) * positions;
    for (let at = channel * positions + (channel % step); at < end; at += step) {
      const value = data[at];
      // Half of a rectified tensor is zero, which every range holds exactly.
      if (value !== 0) counts[Math.min(binCount - 1, Math.floor(value * scale) + middle)]++;
    }
  }
}

function widen(observation: Observation, reach: number): void {
  if (reach === 0) return;
  const { counts } = observation;
  if (observation.span === 0) {
    // Some headroom, so that later images seldom double it.
    observation.span = reach * 1.5;
    return;
  }
  const middle = binCount / 2;
  while (observation.span < reach) {
    const merged = new Float64Array(binCount);
    for (let bin = 0; bin < binCount; bin++) merged[middle + Math.floor((bin - middle) / 2)] += counts[bin];
    counts.set(merged);
    observation.span *= 2;
  }
}

/**
 * Mean squared error of quantizing the observed values to 256 levels of [low, high]: rounding inside, clipping outside.
 * Values are assumed to be uniform within a bin.
 */
export function quantizationError(observation: Observation, low: number, high: number): number {
  const { counts, span } = observation;
  const width = (2 * span) / binCount;
  const level = (high - low) / 255;
  let error = 0;
  for (let bin = 0; bin < binCount; bin++) {
    const count = counts[bin];
    if (count === 0) continue;
    const value = (bin + 0.5 - binCount / 2) * width;
    if (value > high) error += count * (value - high) ** 2;
    else if (value < low) error += count * (low - value) ** 2;
    else error += (count * level * level) / 12;
  }
  return error;
}
