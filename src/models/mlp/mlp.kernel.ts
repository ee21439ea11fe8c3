import type { Moments } from '../../numerics/adam.kernel.ts';

/**
 * One step of Adam (Kingma and Ba, 2015, algorithm 1) on float32 gradients, with the slope of an L2 penalty added;
 * epsilon as in scikit-learn's MLPClassifier, which leaves it out of the bias correction.
 *
 * @param penalty times the parameters is added to the gradient
 * @param size of the step, with the correction of the moments' bias
 */
export function penalizedAdamStep(
  parameters: Float32Array,
  gradient: Float32Array,
  penalty: number,
  moments: Moments,
  size: number,
): void {
  const { first, second } = moments;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i] + penalty * parameters[i];
    first[i] = 0.9 * first[i] + 0.1 * g;
    second[i] = 0.999 * second[i] + 0.001 * g * g;
    parameters[i] -= (size * first[i]) / (Math.sqrt(second[i]) + 1e-8);
  }
}

/** Sums over the rows of [rows, columns], in float64, rounded once: [columns]. */
export function sumRows(rows: Float32Array, columns: number, into: Float32Array): void {
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows.length; ) for (let c = 0; c < columns; c++, i++) sums[c] += rows[i];
  into.set(sums);
}

/** Negative numbers become 0, in place. */
export function rectify(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
}
