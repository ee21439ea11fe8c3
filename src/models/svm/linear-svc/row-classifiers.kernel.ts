/** Linear classifiers with a current row. A product does not depend on the others computed with it. */
export interface RowClassifiers {
  /** Sets the current row, which starts at `at`, followed by a 1 for the intercept. */
  load(features: Float32Array, at: number): void;
  /** values[i] = current row · weights of `classifiers[i]` for i < `count`, in float32. */
  products(classifiers: Int32Array, count: number, values: Float64Array): void;
  /** Adds the current row times a float32 to a classifier's weights. */
  add(classifier: number, factor: number): void;
  /** Sum of a classifier's squared weights including the intercept, in float32. */
  squaredNorm(classifier: number): number;
  /** Sets all weights to 0. */
  clear(): void;
}

/** Rows and weights are padded with zeros to a multiple of this. */
const lanes = 16;

export function paddedDims(dims: number): number {
  return Math.ceil((dims + 1) / lanes) * lanes;
}

/** The loops without WebAssembly, with bitwise equal results. */
export function plainClassifiers(capacity: number, dims: number): RowClassifiers {
  const padded = paddedDims(dims);
  const row = new Float32Array(padded);
  row[dims] = 1;
  const weights = new Float32Array(capacity * padded);
  const sums = new Float32Array(lanes);
  const four = new Float32Array(4);
  const product = (a: Float32Array, classifier: number): number => {
    const start = classifier * padded;
    sums.fill(0);
    for (let i = 0; i < padded; i += lanes) {
      for (let lane = 0; lane < lanes; lane++) {
        sums[lane] = sums[lane] + Math.fround(a[i + lane] * weights[start + i + lane]);
      }
    }
    for (let lane = 0; lane < 4; lane++) {
      four[lane] = Math.fround(sums[lane] + sums[4 + lane]) + Math.fround(sums[8 + lane] + sums[12 + lane]);
    }
    return Math.fround(Math.fround(four[0] + four[1]) + Math.fround(four[2] + four[3]));
  };
  return {
    load: (features, at) => row.set(features.subarray(at, at + dims)),
    products: (classifiers, count, values) => {
      for (let i = 0; i < count; i++) values[i] = product(row, classifiers[i]);
    },
    add: (classifier, factor) => {
      const by = Math.fround(factor);
      const start = classifier * padded;
      for (let i = 0; i < padded; i++) weights[start + i] = weights[start + i] + Math.fround(by * row[i]);
    },
    squaredNorm: (classifier) => product(weights.subarray(classifier * padded, (classifier + 1) * padded), classifier),
    clear: () => weights.fill(0),
  };
}
