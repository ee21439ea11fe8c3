/**
 * One step of Adam (Kingma and Ba, 2015, algorithm 1), in float32, with the gradient of an L2 penalty; epsilon is
 * outside the bias correction, as in scikit-learn's MLPClassifier.
 *
 * @param moments in float32, as in scikit-learn for float32 features
 * @param penalty factor of the parameters added to the gradient
 * @param size of the step, including the bias correction
 */
export function penalizedAdamStep(
  parameters: Float32Array,
  gradient: Float32Array,
  penalty: number,
  moments: { readonly first: Float32Array; readonly second: Float32Array },
  size: number,
): void {
  const { fround } = Math;
  const { first, second } = moments;
  const [byPenalty, bySize, flat] = [fround(penalty), fround(size), fround(1e-8)];
  const [keepFirst, addFirst, keepSecond, addSecond] = [fround(0.9), fround(0.1), fround(0.999), fround(0.001)];
  for (let i = 0; i < parameters.length; i++) {
    const g = fround(gradient[i] + fround(byPenalty * parameters[i]));
    const m = fround(fround(keepFirst * first[i]) + fround(addFirst * g));
    const v = fround(fround(keepSecond * second[i]) + fround(fround(addSecond * g) * g));
    first[i] = m;
    second[i] = v;
    parameters[i] -= fround(fround(bySize * m) / fround(fround(Math.sqrt(v)) + flat));
  }
}

/** Sums over the rows of [rows, columns], in float64, rounded once: [columns]. */
export function sumRows(rows: Float32Array, columns: number, into: Float32Array): void {
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows.length; ) for (let c = 0; c < columns; c++, i++) sums[c] += rows[i];
  into.set(sums);
}

/** ReLU, in place. */
export function rectify(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
}
