/** Inner product of the combination `factors` with basis vector k. */
export function against(factors: Float64Array, products: readonly Float64Array[], k: number): number {
  let sum = 0;
  for (let j = 0; j < factors.length; j++) sum += factors[j] * products[j][k];
  return sum;
}

/** Coefficients of -H · gradient in the basis: algorithm 7.4 of Nocedal and Wright on inner products. */
export function twoLoop(products: readonly Float64Array[]): Float64Array {
  const count = (products.length - 1) / 2;
  const product = (i: number, j: number): number => products[i][j];
  const factors = new Float64Array(products.length);
  factors[2 * count] = -1;
  const alphas = new Float64Array(count);
  for (let i = count - 1; i >= 0; i--) {
    const alpha = against(factors, products, i) / product(i, count + i);
    alphas[i] = alpha;
    factors[count + i] -= alpha;
  }
  if (count > 0) {
    const last = count - 1;
    const scale = product(last, count + last) / product(count + last, count + last);
    for (let k = 0; k < factors.length; k++) factors[k] *= scale;
  }
  for (let i = 0; i < count; i++) {
    const beta = against(factors, products, count + i) / product(i, count + i);
    factors[i] = factors[i] + alphas[i] - beta;
  }
  return factors;
}

interface Parts {
  readonly old: readonly Float64Array[];
  /** Number of old pairs, and of the oldest ones dropped. */
  readonly oldCount: number;
  readonly dropped: number;
  /** Products of the new step with the old basis. */
  readonly stepProducts: readonly number[];
  /** Product of the new change with an old vector, by its new and old index. */
  readonly changeOf: (now: number, before: number) => number;
  readonly squaredStep: number;
  readonly curvature: number;
  readonly squaredChange: number;
  /** Products of the new gradient with the new basis. */
  readonly gradientProducts: Float64Array;
}

export function assemble(parts: Parts): Float64Array[] {
  const { old, oldCount, dropped, gradientProducts } = parts;
  const count = oldCount - dropped + 1;
  const [step, change, gradient] = [count - 1, 2 * count - 1, 2 * count];
  const products = Array.from({ length: 2 * count + 1 }, () => new Float64Array(2 * count + 1));
  const set = (i: number, j: number, value: number): void => {
    products[i][j] = value;
    products[j][i] = value;
  };
  // New and old indices of the kept vectors.
  const kept = Array.from({ length: count - 1 }, (_, i) => i).flatMap((i) => [
    { now: i, before: i + dropped },
    { now: count + i, before: oldCount + i + dropped },
  ]);
  for (const a of kept) {
    for (const b of kept) set(a.now, b.now, old[a.before][b.before]);
    set(step, a.now, parts.stepProducts[a.before]);
    set(change, a.now, parts.changeOf(a.now, a.before));
  }
  set(step, step, parts.squaredStep);
  set(step, change, parts.curvature);
  set(change, change, parts.squaredChange);
  gradientProducts.forEach((value, k) => {
    set(gradient, k, value);
  });
  return products;
}
