import { lastOf, valueAt, valuesAt } from '../system/at.ts';
import { float32Tensor, graphSession } from './graph-session.ts';
import { addScaled, dot, subtract } from './lbfgs.kernel.ts';
import { against, assemble, twoLoop } from './lbfgs-products.kernel.ts';

/**
 * Stored pairs of steps and gradient changes. On 800 and 9,199 rows of 2,048 features and 120 classes, 7 pairs need
 * about as many iterations as scipy's 10 (67 to 77 and 76 to 80), at a third less cost each.
 */
const maxPairs = 7;

/**
 * The memory of L-BFGS in the vector-free form (Chen, Wang and Zhou, 2014): the two-loop recursion works on the inner
 * products of steps, gradient changes and gradient, so the long vectors are read only twice per iteration: for products
 * with the new gradient, and for the direction.
 */
interface LbfgsMemory {
  readonly pairCount: number;
  readonly gradient: Float64Array;
  /** Writes -H · gradient, with the approximate inverse Hessian H, and returns its inner product with the gradient. */
  direction(out: Float64Array): Promise<number>;
  /**
   * Adds the step from `current` to `next`, which is `length` times the last direction, and its gradient change. If the
   * pair has no positive curvature, all pairs are dropped.
   */
  advance(current: Float64Array, next: Float64Array, length: number, nextGradient: Float64Array): Promise<void>;
  reset(): void;
}

/** In float32, which halves the memory traffic; inner products are those of the rounded numbers. */
interface Pair {
  /** Its position in the matrix of pairs: the step is row 2 * slot, the change the next row. */
  readonly slot: number;
  readonly step: Float32Array;
  readonly change: Float32Array;
}

/** Largest number of gradient-length float64 vectors that `minimize` holds; a pair counts as one. */
export const lbfgsVectors: number = maxPairs + 1 + 6;

/** @param start gradient at the start; copied */
export function lbfgsMemory(start: Float64Array, allocate: (length: number) => Float64Array): LbfgsMemory {
  const gradient = allocate(start.length);
  gradient.set(start);
  let pairs: Pair[] = [];
  // Dropped pairs, for reuse.
  const spares: Pair[] = [];
  // products[i][j] of the basis vectors: steps, then changes, oldest first, and the gradient last.
  let products: Float64Array[] = [Float64Array.of(dot(gradient, gradient))];
  let factors: Float64Array = new Float64Array(1);
  const rows = rowsOf(start.length, allocate);
  const makePair = (slot: number): Pair => ({ slot, step: rows.at(2 * slot), change: rows.at(2 * slot + 1) });
  /** Rows of the steps, oldest first, and then of the changes. */
  const places = (): readonly number[] => [
    ...pairs.map(({ slot }) => 2 * slot),
    ...pairs.map(({ slot }) => 2 * slot + 1),
  ];
  const forget = (squaredGradient: number): void => {
    spares.push(...pairs);
    pairs = [];
    products = [Float64Array.of(squaredGradient)];
  };

  return {
    gradient,
    get pairCount() {
      return pairs.length;
    },

    direction: async (out) => {
      factors = twoLoop(products);
      const sum = await rows.combine(places(), factors);
      addScaled(out, sum, lastOf(factors), gradient);
      return against(factors, products, 2 * pairs.length);
    },

    advance: async (current, next, length, nextGradient) => {
      const pair = spares.pop() ?? makePair(pairs.length);
      subtract(pair.step, next, current);
      subtract(pair.change, nextGradient, gradient);
      gradient.set(nextGradient);
      const curvature = dot(pair.step, pair.change);
      const squaredChange = dot(pair.change, pair.change);
      if (!(curvature > Number.EPSILON * squaredChange)) {
        spares.push(pair);
        forget(dot(gradient, gradient));
        return;
      }
      // Products with the old vectors: the step is a known combination of them, the change a difference of gradients.
      const stepProducts = products.map((_, k) => length * against(factors, products, k));
      const squaredStep = length * stepProducts.reduce((sum, value, k) => sum + value * valueAt(factors, k), 0);
      const oldGradientProducts = lastOf(products);
      const oldCount = pairs.length;
      const dropped = oldCount === maxPairs ? 1 : 0;
      spares.push(...pairs.splice(0, dropped));
      pairs.push(pair);
      const gradientProducts = new Float64Array(2 * pairs.length + 1);
      gradientProducts.set(await rows.products(places(), gradient));
      gradientProducts[2 * pairs.length] = dot(gradient, gradient);
      products = assemble({
        old: products,
        oldCount,
        dropped,
        stepProducts,
        changeOf: (now, before) => valueAt(gradientProducts, now) - valueAt(oldGradientProducts, before),
        squaredStep,
        curvature,
        squaredChange,
        gradientProducts,
      });
    },

    reset: () => forget(lastOf(lastOf(products))),
  };
}

/** Pairs as rows of one matrix: ONNX Runtime is several times as fast as a loop. */
interface Rows {
  at(row: number): Float32Array;
  /** The inner product of each row at `places` with a vector, in float32. */
  products(places: readonly number[], vector: Float64Array): Promise<number[]>;
  /** The sum of the rows at `places` times the first of the factors, in float32; valid until the next call. */
  combine(places: readonly number[], factors: Float64Array): Promise<Float32Array>;
}

function rowsOf(length: number, allocate: (length: number) => Float64Array): Rows {
  const floats = (count: number): Float32Array => {
    const { buffer, byteOffset } = allocate(Math.ceil((count * length) / 2));
    return new Float32Array(buffer, byteOffset, count * length);
  };
  // Room for one more pair: the newest is written before the oldest is dropped.
  const matrix = floats(2 * (maxPairs + 1));
  const vector32 = floats(1);
  const sum = floats(1);
  const used = (places: readonly number[]): number => Math.max(...places) + 1;
  // On one thread, so that the sums do not depend on the number of threads.
  const run = async (name: 'products' | 'combine', rows: number, vector: Float32Array, result: Float32Array) => {
    const session = await graphSession(`lbfgs-${name}`, 1, (graph) => {
      const left = graph.input('vector', 'float32', [1, 'depth']);
      const right = graph.input('rows', 'float32', ['rows', 'length']);
      graph.node('Gemm', [left, right], { transB: name === 'products' ? 1 : 0 }, { outputs: ['result'] });
      graph.output('result', 'float32', [1, 'columns']);
    });
    const feeds = {
      vector: float32Tensor(vector, [1, vector.length]),
      rows: float32Tensor(matrix.subarray(0, rows * length), [rows, length]),
    };
    await session.run(feeds, { result: float32Tensor(result, [1, result.length]) });
  };
  return {
    at: (row) => matrix.subarray(row * length, (row + 1) * length),
    products: async (places, vector) => {
      vector32.set(vector);
      const result = new Float32Array(used(places));
      await run('products', result.length, vector32, result);
      return valuesAt(result, places);
    },
    combine: async (places, factors) => {
      if (places.length === 0) return sum.fill(0);
      const byRow = new Float32Array(used(places));
      places.forEach((row, i) => {
        byRow[row] = valueAt(factors, i);
      });
      await run('combine', byRow.length, byRow, sum);
      return sum;
    },
  };
}
