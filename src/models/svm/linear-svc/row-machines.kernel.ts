/** Linear machines that share one row at a time. Every product is the same number whichever machines stand beside it. */
export interface RowMachines {
  /** Makes the row that starts at `at` of a matrix the current one, with a 1 behind it for the intercept. */
  load(features: Float32Array, at: number): void;
  /** values[i] = the current row times the weights of machine `machines[i]`, for i below `count`; float32. */
  products(machines: Int32Array, count: number, values: Float64Array): void;
  /** Adds the current row times a float32 to a machine's weights. */
  add(machine: number, factor: number): void;
  /** Sum of a machine's squared weights, the intercept's among them; float32. */
  squaredNorm(machine: number): number;
  /** Makes all weights 0. */
  clear(): void;
}

/** Numbers per turn of the loops: rows and weights are padded with zeros up to a multiple. */
export const machineLanes = 16;

export function paddedDims(dims: number): number {
  return Math.ceil((dims + 1) / machineLanes) * machineLanes;
}

/** The loops in TypeScript, for processors whose WebAssembly has no SIMD: the same numbers to the bit. */
export function plainMachines(capacity: number, dims: number): RowMachines {
  const padded = paddedDims(dims);
  const row = new Float32Array(padded);
  row[dims] = 1;
  const weights = new Float32Array(capacity * padded);
  const sums = new Float32Array(machineLanes);
  const four = new Float32Array(4);
  const product = (a: Float32Array, machine: number): number => {
    const start = machine * padded;
    sums.fill(0);
    for (let i = 0; i < padded; i += machineLanes) {
      for (let lane = 0; lane < machineLanes; lane++) {
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
    products: (machines, count, values) => {
      for (let i = 0; i < count; i++) values[i] = product(row, machines[i]);
    },
    add: (machine, factor) => {
      const by = Math.fround(factor);
      const start = machine * padded;
      for (let i = 0; i < padded; i++) weights[start + i] = weights[start + i] + Math.fround(by * row[i]);
    },
    squaredNorm: (machine) => product(weights.subarray(machine * padded, (machine + 1) * padded), machine),
    clear: () => weights.fill(0),
  };
}
