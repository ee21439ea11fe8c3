import { symmetricValue } from '../gram/gram.kernel.ts';

/**
 * One two-class C-SVC for sequential minimal optimization with second-order choice of the working pair (Fan, Chen, Lin:
 * Working set selection using second order information, JMLR 6, 2005; as LIBSVM 3). Many problems share a Gram matrix.
 */
export interface SmoProblem {
  /** Lower triangle: the kernel value of Gram rows a >= b is `gram[a * stride + b]`. */
  readonly gram: Float32Array;
  readonly stride: number;
  /** Gram row of each local row; the first `positives` are the positive class. */
  readonly rows: Int32Array;
  readonly count: number;
  readonly positives: number;
  /** Upper bound of each local row's alpha: C times its weight, positive. */
  readonly caps: Float64Array;
  /** Tolerance of the largest violation of the optimality conditions. */
  readonly epsilon: number;
}

/** Solves two-class problems, one after the other, in parts, so that the thread stays responsive. */
export interface BinarySolver {
  /** @param classifier number of the pair of classes */
  start(problem: SmoProblem, classifier: number): void;
  /**
   * Starts the same problem without some rows, after the fit of all rows.
   *
   * @param held 1 for a local row to leave out; each class keeps a row
   */
  holdOut(held: Uint8Array): void;
  /** Takes up to `budget` steps; true if the classifier has converged or may take no more. */
  advance(budget: number): boolean;
  readonly alpha: Float64Array;
  rho(): number;
  /** Decision value of a row of the problem, held out or not. */
  decision(row: number): number;
  iterations(): number;
  /** Remaining violation of the optimality conditions; NaN if unknown. */
  gap(): number;
  /** Whether an alpha was ever at its upper bound; if not, the steps are the same for larger bounds. */
  capped(): boolean;
}

/** The two loops over all rows of a step. Among ties, the last row wins, as in LIBSVM. */
export interface SmoLoops {
  /** Label minus the classifier's value without its intercept. */
  readonly residual: Float64Array;
  /** 0 if y alpha can grow, else -Infinity: added to a residual to exclude the row from a maximum. */
  readonly upMask: Float64Array;
  /** 0 if y alpha can fall, else Infinity. */
  readonly lowMask: Float64Array;
  readonly diagonal: Float64Array;
  /** Row with the largest residual among those that can grow, that residual, and the smallest of those that can fall. */
  first: number;
  highest: number;
  lowest: number;
  /** Sets the problem and its diagonal; the caller fills the other arrays. */
  start(problem: SmoProblem): void;
  value(i: number, j: number): number;
  /** The row that can fall with the largest gain with row i: (highest - residual)² / curvature. */
  select(i: number): number;
  /** Subtracts changeI and changeJ times the rows' kernel values from the residuals; sets first, highest and lowest. */
  update(i: number, j: number, changeI: number, changeJ: number): void;
}

/** In place of a zero or negative curvature; LIBSVM's TAU. */
const FLAT_CURVATURE = 1e-12;

/** The loops without WebAssembly. */
export function plainLoops(capacity: number): SmoLoops {
  const residual = new Float64Array(capacity);
  const upMask = new Float64Array(capacity);
  const lowMask = new Float64Array(capacity);
  const diagonal = new Float64Array(capacity);
  let gram = new Float32Array(0);
  let rows = new Int32Array(0);
  let stride = 0;
  let count = 0;
  return {
    residual,
    upMask,
    lowMask,
    diagonal,
    first: 0,
    highest: 0,
    lowest: 0,
    start(problem) {
      gram = problem.gram as Float32Array<ArrayBuffer>;
      rows = problem.rows as Int32Array<ArrayBuffer>;
      stride = problem.stride;
      count = problem.count;
      for (let k = 0; k < count; k++) diagonal[k] = gram[rows[k] * stride + rows[k]];
    },
    value: (i, j) => symmetricValue(gram, stride, rows[i], rows[j]),
    select(i) {
      const { highest } = this;
      const rowI = rows[i];
      const diagonalI = diagonal[i];
      let best = -1;
      let bestGain = -1;
      for (let k = 0; k < count; k++) {
        const gap = highest - (residual[k] + lowMask[k]);
        if (gap > 0) {
          let curvature = diagonalI + diagonal[k] - 2 * symmetricValue(gram, stride, rowI, rows[k]);
          if (!(curvature > 0)) curvature = FLAT_CURVATURE;
          const gain = (gap * gap) / curvature;
          if (gain >= bestGain) {
            bestGain = gain;
            best = k;
          }
        }
      }
      return best;
    },
    update(i, j, changeI, changeJ) {
      const rowI = rows[i];
      const rowJ = rows[j];
      let first = 0;
      let highest = Number.NEGATIVE_INFINITY;
      let lowest = Number.POSITIVE_INFINITY;
      for (let k = 0; k < count; k++) {
        const byI = changeI * symmetricValue(gram, stride, rowI, rows[k]);
        const byJ = changeJ * symmetricValue(gram, stride, rowJ, rows[k]);
        const value = residual[k] - (byI + byJ);
        residual[k] = value;
        const up = value + upMask[k];
        if (up >= highest) {
          highest = up;
          first = k;
        }
        const low = value + lowMask[k];
        if (low < lowest) lowest = low;
      }
      this.first = first;
      this.highest = highest;
      this.lowest = lowest;
    },
  };
}

export function smoSolver(loops: SmoLoops, maxIterations: number): BinarySolver {
  const { residual, upMask, lowMask, diagonal } = loops;
  const alpha = new Float64Array(residual.length);
  const change = new Float64Array(residual.length);
  /** The fit of all rows, during its folds. */
  const wholeAlpha = new Float64Array(residual.length);
  const wholeResidual = new Float64Array(residual.length);
  let hasWhole = false;
  let problem: SmoProblem;
  let iterations = 0;
  let capped = false;

  const setMasks = (k: number): void => {
    const canRise = alpha[k] < problem.caps[k];
    if (!canRise) capped = true;
    const canFall = alpha[k] > 0;
    const positive = k < problem.positives;
    upMask[k] = (positive ? canRise : canFall) ? 0 : Number.NEGATIVE_INFINITY;
    lowMask[k] = (positive ? canFall : canRise) ? 0 : Number.POSITIVE_INFINITY;
  };

  /** Solves the pair with the largest violation and the largest gain within its bounds. */
  const step = (): void => {
    const { positives, caps } = problem;
    const i = loops.first;
    const j = loops.select(i);
    let curvature = diagonal[i] + diagonal[j] - 2 * loops.value(i, j);
    if (!(curvature > 0)) curvature = FLAT_CURVATURE;
    const length = (loops.highest - residual[j]) / curvature;

    // y alpha of i grows and that of j falls by the length, or up to the first bound.
    const oldI = alpha[i];
    const oldJ = alpha[j];
    const positiveI = i < positives;
    const positiveJ = j < positives;
    const roomI = positiveI ? caps[i] - oldI : oldI;
    const roomJ = positiveJ ? oldJ : caps[j] - oldJ;
    let newI: number;
    let newJ: number;
    if (length < roomI && length < roomJ) {
      newI = positiveI ? oldI + length : oldI - length;
      newJ = positiveJ ? oldJ - length : oldJ + length;
    } else if (roomI <= roomJ) {
      newI = positiveI ? caps[i] : 0;
      newJ = positiveI === positiveJ ? oldI + oldJ - newI : newI - (oldI - oldJ);
    } else {
      newJ = positiveJ ? 0 : caps[j];
      newI = positiveI === positiveJ ? oldI + oldJ - newJ : newJ + (oldI - oldJ);
    }
    newI = Math.min(Math.max(newI, 0), caps[i]);
    newJ = Math.min(Math.max(newJ, 0), caps[j]);
    alpha[i] = newI;
    alpha[j] = newJ;
    setMasks(i);
    setMasks(j);
    loops.update(i, j, positiveI ? newI - oldI : oldI - newI, positiveJ ? newJ - oldJ : oldJ - newJ);
  };

  /** LIBSVM's rho: the mean over the free rows; if there are none, the middle of the allowed range. */
  const rho = (): number => {
    let sum = 0;
    let free = 0;
    for (let k = 0; k < problem.count; k++) {
      if (alpha[k] > 0 && alpha[k] < problem.caps[k]) {
        sum -= residual[k];
        free++;
      }
    }
    return free > 0 ? sum / free : -(loops.highest + loops.lowest) / 2;
  };

  return {
    start(next) {
      problem = next;
      iterations = 0;
      capped = false;
      hasWhole = false;
      loops.start(next);
      // All alphas are 0: y alpha can grow in the positive class and fall in the other.
      for (let k = 0; k < next.count; k++) {
        const positive = k < next.positives;
        alpha[k] = 0;
        residual[k] = positive ? 1 : -1;
        upMask[k] = positive ? 0 : Number.NEGATIVE_INFINITY;
        lowMask[k] = positive ? Number.POSITIVE_INFINITY : 0;
      }
      loops.first = next.positives - 1;
      loops.highest = 1;
      loops.lowest = -1;
    },
    holdOut(held) {
      const { count, positives } = problem;
      iterations = 0;
      const [from, to] = hasWhole ? [wholeAlpha, alpha] : [alpha, wholeAlpha];
      const [fromResidual, toResidual] = hasWhole ? [wholeResidual, residual] : [residual, wholeResidual];
      hasWhole = true;
      for (let k = 0; k < count; k++) {
        to[k] = from[k];
        toResidual[k] = fromResidual[k];
      }
      // Also reduces the alphas of the other class, so that y alpha still sums to 0.
      let excess = 0;
      for (let k = 0; k < count; k++) if (held[k] === 1) excess -= k < positives ? alpha[k] : -alpha[k];
      for (let k = 0; k < count; k++) {
        let value = alpha[k];
        if (held[k] === 1) value = 0;
        else if (k < positives ? excess > 0 : excess < 0) {
          value = Math.max(0, alpha[k] - Math.abs(excess));
          excess += k < positives ? value - alpha[k] : alpha[k] - value;
        }
        change[k] = k < positives ? value - alpha[k] : alpha[k] - value;
        alpha[k] = value;
        setMasks(k);
        if (held[k] === 1) {
          upMask[k] = Number.NEGATIVE_INFINITY;
          lowMask[k] = Number.POSITIVE_INFINITY;
        }
      }
      // Two changed rows at a time.
      let waiting = 0;
      let waits = false;
      for (let k = 0; k < count; k++) {
        if (change[k] === 0) continue;
        if (waits) loops.update(waiting, k, change[waiting], change[k]);
        waits = !waits;
        waiting = k;
      }
      loops.update(waiting, waiting, waits ? change[waiting] : 0, 0);
    },
    advance(budget) {
      const end = iterations + Math.min(budget, maxIterations - iterations);
      while (loops.highest - loops.lowest >= problem.epsilon) {
        if (iterations >= end) return iterations >= maxIterations;
        step();
        iterations++;
      }
      return true;
    },
    alpha,
    rho,
    decision: (row) => (row < problem.positives ? 1 : -1) - residual[row] - rho(),
    iterations: () => iterations,
    gap: () => loops.highest - loops.lowest,
    capped: () => capped,
  };
}
