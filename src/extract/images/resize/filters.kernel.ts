/**
 * Writes the weights of one output pixel before they are normalized, `used` of them from `at`, and returns their sum.
 * A source pixel `first + j` lies `(first + j - center + 0.5) * inverse` pixels of the smaller image from the output pixel.
 */
export type WriteWeights = (
  weights: Float64Array,
  at: number,
  used: number,
  first: number,
  center: number,
  inverse: number,
) => number;

/** For a filter given as a function, called for each weight. */
export function weightsBy(filter: (x: number) => number): WriteWeights {
  return (weights, at, used, first, center, inverse) => {
    let sum = 0;
    for (let j = 0; j < used; j++) {
      const weight = filter((j + first - center + 0.5) * inverse);
      weights[at + j] = weight;
      sum += weight;
    }
    return sum;
  };
}

/** A triangle. */
export const bilinearWeights: WriteWeights = (weights, at, used, first, center, inverse) => {
  let sum = 0;
  for (let j = 0; j < used; j++) {
    const x = Math.abs((j + first - center + 0.5) * inverse);
    const weight = x < 1 ? 1 - x : 0;
    weights[at + j] = weight;
    sum += weight;
  }
  return sum;
};

/** Keys' cubic convolution; a = -0.5 as in Pillow. */
export const bicubicWeights: WriteWeights = (weights, at, used, first, center, inverse) => {
  const a = -0.5;
  let sum = 0;
  for (let j = 0; j < used; j++) {
    const x = Math.abs((j + first - center + 0.5) * inverse);
    let weight = 0;
    if (x < 1) weight = ((a + 2) * x - (a + 3)) * x * x + 1;
    else if (x < 2) weight = (((x - 5) * x + 8) * x - 4) * a;
    weights[at + j] = weight;
    sum += weight;
  }
  return sum;
};

/** Divides the weights of one output pixel by their sum. */
export function divideBy(sum: number, weights: Float64Array, at: number, used: number): void {
  for (let j = at; j < at + used; j++) weights[j] /= sum;
}

/** Weights times `one`, rounded half away from zero. */
export function roundWeights(weights: Float64Array, one: number): Int32Array<ArrayBuffer> {
  const rounded = new Int32Array(weights.length);
  // Storing truncates toward zero.
  for (let i = 0; i < weights.length; i++) rounded[i] = (weights[i] < 0 ? -0.5 : 0.5) + weights[i] * one;
  return rounded;
}
