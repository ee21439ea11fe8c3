import { type RandomState, randomState } from '../../../numerics/mt19937.kernel.ts';
import type { RowClassifiers } from './row-classifiers.kernel.ts';

/**
 * One-vs-rest linear classifiers with the squared hinge loss, each fitted by coordinate descent on its dual. With several
 * threads, the arrays are in shared memory; a classifier belongs to one thread and depends only on the inputs, so the result
 * does not depend on their number.
 */
export interface DualJob {
  /** [rows, dims] */
  readonly features: Float32Array;
  readonly dims: number;
  /** [rows] */
  readonly labels: Int32Array;
  /** C times the weight of each row; rows of 0 are ignored. */
  readonly caps: Float64Array;
  readonly classCount: number;
  /** First class of each group of classifiers, a thread's unit of work; then the class count. */
  readonly groupStart: Int32Array;
  /** Largest allowed violation of the optimality conditions: liblinear's eps. */
  readonly tolerance: number;
  /** Most passes over the rows per classifier. */
  readonly maxPasses: number;
  /** In and out: y alpha, [classes, rows]. */
  readonly coefficients: Float32Array;
  /** Out, per class: passes, and the remaining violation. */
  readonly passes: Int32Array;
  readonly gaps: Float64Array;
  /** Out, per class: 1 if it converged. */
  readonly converged: Uint8Array;
  /** Next group, whether to stop, and number of finished classes: [3], accessed by Atomics. */
  readonly control: Int32Array;
}

const NEXT_GROUP = 0;
export const STOP = 1;
export const DONE = 2;

/** Takes groups off a job and computes about so many products of a row and a classifier; true if no group is left. */
type DualRunner = (products: number) => boolean;

/** Error of a float32 product, as a share of the two norms; smaller violations are meaningless. */
const productError = 2 ** -22;
/** Smaller steps have no effect (as in liblinear). */
const leastViolation = 1e-12;

/**
 * Dual coordinate descent with shrinking (Hsieh, Chang, Lin, Keerthi and Sundararajan, "A Dual Coordinate Descent Method for
 * Large-scale Linear SVM", 2008), with the checks of liblinear, on which scikit-learn's LinearSVC is based. A pass reads each
 * row once for all classifiers of the group in which it is active.
 */
export function dualRunner(
  job: DualJob,
  makeClassifiers: (capacity: number, dims: number) => RowClassifiers,
): DualRunner {
  const { features, dims, labels, caps, groupStart, tolerance, coefficients } = job;
  const rowCount = labels.length;
  const groupCount = groupStart.length - 1;
  let capacity = 0;
  for (let g = 0; g < groupCount; g++) capacity = Math.max(capacity, groupStart[g + 1] - groupStart[g]);
  const classifiers = makeClassifiers(capacity, dims);
  const alpha = new Float32Array(rowCount * capacity);
  /** 1 for a row that is inactive in a classifier. */
  const skipped = new Uint8Array(rowCount * capacity);
  const { squaredNorms, largestNorm, taking } = rowNorms(features, dims, caps);
  const lookedAt = new Int32Array(capacity);
  const bound = new Float64Array(capacity);
  const highest = new Float64Array(capacity);
  const lowest = new Float64Array(capacity);
  const live = new Int32Array(capacity);
  const picked = new Int32Array(capacity);
  const values = new Float64Array(capacity);
  let random: RandomState = randomState(0);
  let order: Int32Array = new Int32Array(0);
  let firstClass = 0;
  let width = 0;
  let liveCount = 0;
  let place = 0;
  let pass = 0;

  const take = (): boolean => {
    const group = Atomics.add(job.control, NEXT_GROUP, 1);
    if (group >= groupCount) return false;
    firstClass = groupStart[group];
    width = groupStart[group + 1] - firstClass;
    classifiers.clear();
    skipped.fill(0);
    lookedAt.fill(taking);
    bound.fill(Number.POSITIVE_INFINITY);
    liveCount = width;
    for (let k = 0; k < width; k++) live[k] = k;
    // Every group draws the same orders, so that the order of rows does not depend on the group.
    random = randomState(0);
    pass = 0;
    startWeights();
    startPass();
    return true;
  };

  const startWeights = (): void => {
    for (let row = 0; row < rowCount; row++) {
      let loaded = false;
      for (let k = 0; k < width; k++) {
        const coefficient = caps[row] > 0 ? coefficients[(firstClass + k) * rowCount + row] : 0;
        alpha[row * capacity + k] = Math.abs(coefficient);
        if (coefficient === 0) continue;
        if (!loaded) classifiers.load(features, row * dims);
        loaded = true;
        classifiers.add(k, coefficient);
      }
    }
  };

  const startPass = (): void => {
    order = random.permutation(rowCount);
    place = 0;
    highest.fill(Number.NEGATIVE_INFINITY);
    lowest.fill(Number.POSITIVE_INFINITY);
  };

  /** Updates the classifiers in which a row is active; returns their number. */
  const visit = (row: number): number => {
    if (!(caps[row] > 0)) return 0;
    const at = row * capacity;
    let count = 0;
    for (let l = 0; l < liveCount; l++) if (skipped[at + live[l]] === 0) picked[count++] = live[l];
    if (count === 0) return 0;
    classifiers.load(features, row * dims);
    classifiers.products(picked, count, values);
    const diagonal = 1 / (2 * caps[row]);
    const curvature = squaredNorms[row] + 1 + diagonal;
    const own = labels[row] - firstClass;
    for (let i = 0; i < count; i++) {
      const k = picked[i];
      const sign = k === own ? 1 : -1;
      const before = alpha[at + k];
      const slope = sign * values[i] - 1 + diagonal * before;
      let violation = slope;
      if (before === 0) {
        if (slope > bound[k]) {
          skipped[at + k] = 1;
          lookedAt[k]--;
          continue;
        }
        if (slope > 0) violation = 0;
      }
      if (violation > highest[k]) highest[k] = violation;
      if (violation < lowest[k]) lowest[k] = violation;
      if (Math.abs(violation) <= leastViolation) continue;
      const after = Math.fround(Math.max(before - slope / curvature, 0));
      if (after === before) continue;
      alpha[at + k] = after;
      classifiers.add(k, sign * (after - before));
    }
    return count;
  };

  /** Settles finished classifiers; those that have converged on their active rows look at all rows again. */
  const endPass = (): void => {
    pass++;
    let stay = 0;
    for (let l = 0; l < liveCount; l++) {
      const k = live[l];
      // Includes 0, unlike in liblinear: slopes that are all -1 are no optimum.
      const gap = Math.max(highest[k], 0) - Math.min(lowest[k], 0);
      const enough = tolerance + productError * largestNorm * Math.sqrt(classifiers.squaredNorm(k));
      const small = !(gap > enough);
      // After an overflow of float32, there is no highest violation.
      const done = small && lookedAt[k] === taking && highest[k] > Number.NEGATIVE_INFINITY;
      if (done || pass >= job.maxPasses) {
        settle(k, gap, done);
        continue;
      }
      if (small) {
        for (let row = 0; row < rowCount; row++) skipped[row * capacity + k] = 0;
        lookedAt[k] = taking;
      }
      bound[k] = small || !(highest[k] > 0) ? Number.POSITIVE_INFINITY : highest[k];
      live[stay++] = k;
    }
    liveCount = stay;
  };

  const settle = (k: number, gap: number, converged: boolean): void => {
    const c = firstClass + k;
    for (let row = 0; row < rowCount; row++) {
      const value = alpha[row * capacity + k];
      coefficients[c * rowCount + row] = labels[row] === c ? value : 0 - value;
    }
    job.passes[c] = pass;
    job.gaps[c] = gap;
    job.converged[c] = converged ? 1 : 0;
    Atomics.add(job.control, DONE, 1);
  };

  return (products) => {
    let left = products;
    while (left > 0) {
      if (liveCount === 0 && !take()) return true;
      while (left > 0 && place < rowCount) left -= 1 + visit(order[place++]);
      if (place < rowCount) return false;
      endPass();
      if (liveCount > 0) startPass();
    }
    return false;
  };
}

/** Squared norms of the rows, the largest norm including the intercept's 1, and the number of rows with a weight. */
function rowNorms(features: Float32Array, dims: number, caps: Float64Array) {
  const squaredNorms = new Float64Array(caps.length);
  let largest = 0;
  let taking = 0;
  for (let row = 0, i = 0; row < caps.length; row++) {
    let sum = 0;
    for (let d = 0; d < dims; d++, i++) sum += features[i] * features[i];
    squaredNorms[row] = sum;
    if (!(caps[row] > 0)) continue;
    taking++;
    if (sum > largest) largest = sum;
  }
  return { squaredNorms, largestNorm: Math.sqrt(largest + 1), taking };
}

/** Bounds of groups of nearly equal size, with at most `most` classifiers. */
export function groupBounds(classCount: number, most: number, fewest: number): Int32Array {
  const groups = Math.min(classCount, Math.max(Math.ceil(classCount / most), fewest));
  return Int32Array.from({ length: groups + 1 }, (_, g) => Math.round((g * classCount) / groups));
}
