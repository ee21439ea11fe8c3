const MAX_STEPS = 100;

/**
 * Platt's sigmoid, p = 1 / (1 + exp(-(slope value + offset))), on held-out decision values, by Newton's method with a
 * line search (Lin, Lin, Weng: "A note on Platt's probabilistic outputs for support vector machines", 2007). Targets are
 * smoothed by the class counts, so that separable values have a finite slope.
 *
 * @param values decision values, positive for the positive class
 * @param positive 1 where the row is of the positive class
 */
export function fitSigmoid(values: Float64Array, positive: Uint8Array): { slope: number; offset: number } {
  const count = values.length;
  let positives = 0;
  for (let i = 0; i < count; i++) positives += positive[i];
  const highTarget = (positives + 1) / (positives + 2);
  const lowTarget = 1 / (count - positives + 2);

  const loss = (slope: number, offset: number): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const score = slope * values[i] + offset;
      const target = positive[i] === 1 ? highTarget : lowTarget;
      sum += Math.max(score, 0) - target * score + Math.log1p(Math.exp(-Math.abs(score)));
    }
    return sum;
  };

  let slope = 0;
  let offset = Math.log((positives + 1) / (count - positives + 1));
  let current = loss(slope, offset);
  for (let step = 0; step < MAX_STEPS; step++) {
    // A small ridge keeps the system solvable where all values are equal.
    let h11 = 1e-12;
    let h22 = 1e-12;
    let h12 = 0;
    let g1 = 0;
    let g2 = 0;
    for (let i = 0; i < count; i++) {
      const score = slope * values[i] + offset;
      const p = 1 / (1 + Math.exp(-score));
      const weight = p * (1 - p);
      const error = p - (positive[i] === 1 ? highTarget : lowTarget);
      h11 += values[i] * values[i] * weight;
      h12 += values[i] * weight;
      h22 += weight;
      g1 += values[i] * error;
      g2 += error;
    }
    if (Math.abs(g1) < 1e-8 && Math.abs(g2) < 1e-8) break;
    const determinant = h11 * h22 - h12 * h12;
    const slopeStep = -(h22 * g1 - h12 * g2) / determinant;
    const offsetStep = -(h11 * g2 - h12 * g1) / determinant;
    const descent = g1 * slopeStep + g2 * offsetStep;
    let length = 1;
    let next = loss(slope + slopeStep, offset + offsetStep);
    while (!(next < current + 1e-4 * length * descent) && length > 1e-10) {
      length /= 2;
      next = loss(slope + length * slopeStep, offset + length * offsetStep);
    }
    if (!(next < current)) break;
    slope += length * slopeStep;
    offset += length * offsetStep;
    current = next;
  }
  return { slope, offset };
}
