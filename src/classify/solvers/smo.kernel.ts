/**
 * Sequential minimal optimization for one two-class C-SVC, with the second-order choice of the working pair
 * (Fan, Chen, Lin: Working set selection using second order information, JMLR 6, 2005; the method of LIBSVM 3).
 *
 * The kernel values come from a Gram matrix that many problems share; a problem names its rows in it. The state is kept
 * between calls, so a long fit can be run a few thousand steps at a time by a thread that must stay responsive.
 */
export interface SmoProblem {
  /** Kernel value of Gram rows a and b: `gram[a * stride + b]`; symmetric. */
  readonly gram: Float32Array;
  readonly stride: number;
  /** Gram row of each local row; the first `positives` are the positive class. */
  readonly rows: Int32Array;
  readonly count: number;
  readonly positives: number;
  /** Upper bound of each local row's alpha: C times its weight, above zero. */
  readonly caps: Float64Array;
  /** Stop when the largest violation of the optimality conditions is below this. */
  readonly epsilon: number;
}

/** What solves one two-class problem after another. */
export interface MachineSolver {
  /** @param machine number of the pair of classes */
  start(problem: SmoProblem, machine: number): void;
  /** Works for up to `budget` steps; true when the machine is done, or has taken all the steps it may. */
  advance(budget: number): boolean;
  /** By local row. */
  readonly alpha: Float64Array;
  rho(): number;
  iterations(): number;
  /** Violation of the optimality conditions that is left; NaN where the solver does not tell. */
  gap(): number;
}

/** Room for one problem at a time; reused from problem to problem. */
export interface SmoState {
  /** Dual variables, 0 to cap. */
  readonly alpha: Float64Array;
  /** Label minus the machine's value without its intercept. */
  readonly residual: Float64Array;
  /** 0 where y alpha can still grow, else -Infinity: added to a residual it leaves the row out of a maximum. */
  readonly upMask: Float64Array;
  /** 0 where y alpha can still fall, else Infinity. */
  readonly lowMask: Float64Array;
  readonly diagonal: Float64Array;
  iterations: number;
  /** Violation of the optimality conditions: largest residual that can grow minus smallest that can fall. */
  gap: number;
  /** Local row with the largest residual that can grow. */
  first: number;
  highest: number;
  lowest: number;
}

/** Curvature that stands in for a flat or negative one; LIBSVM's TAU. */
const FLAT_CURVATURE = 1e-12;

export function smoState(capacity: number): SmoState {
  return {
    alpha: new Float64Array(capacity),
    residual: new Float64Array(capacity),
    upMask: new Float64Array(capacity),
    lowMask: new Float64Array(capacity),
    diagonal: new Float64Array(capacity),
    iterations: 0,
    gap: 0,
    first: 0,
    highest: 0,
    lowest: 0,
  };
}

/** Puts the state at alpha = 0. */
export function startSmo(problem: SmoProblem, state: SmoState): void {
  const { gram, stride, rows, count, positives } = problem;
  for (let k = 0; k < count; k++) {
    const positive = k < positives;
    state.alpha[k] = 0;
    state.residual[k] = positive ? 1 : -1;
    state.upMask[k] = positive ? 0 : Number.NEGATIVE_INFINITY;
    state.lowMask[k] = positive ? Number.POSITIVE_INFINITY : 0;
    state.diagonal[k] = gram[rows[k] * stride + rows[k]];
  }
  state.iterations = 0;
  // Among equal candidates the last one wins, here and in the loops below, as in LIBSVM.
  state.first = positives - 1;
  state.highest = 1;
  state.lowest = -1;
  state.gap = 2;
}

/** Takes up to `budget` steps; true when the optimum is reached to `epsilon`. */
export function continueSmo(problem: SmoProblem, state: SmoState, budget: number): boolean {
  const { gram, stride, rows, count, positives, caps, epsilon } = problem;
  const { alpha, residual, upMask, lowMask, diagonal } = state;
  let { first, highest, lowest } = state;
  let done = highest - lowest < epsilon;
  let steps = 0;
  while (!done && steps < budget) {
    const i = first;
    const rowI = rows[i] * stride;
    const diagonalI = diagonal[i];
    let j = -1;
    let bestGain = -1;
    for (let k = 0; k < count; k++) {
      const gap = highest - (residual[k] + lowMask[k]);
      if (gap > 0) {
        let curvature = diagonalI + diagonal[k] - 2 * gram[rowI + rows[k]];
        if (!(curvature > 0)) curvature = FLAT_CURVATURE;
        const gain = (gap * gap) / curvature;
        if (gain >= bestGain) {
          bestGain = gain;
          j = k;
        }
      }
    }
    const rowJ = rows[j] * stride;
    let curvature = diagonalI + diagonal[j] - 2 * gram[rowI + rows[j]];
    if (!(curvature > 0)) curvature = FLAT_CURVATURE;
    const step = (highest - residual[j]) / curvature;

    // y alpha of i grows and that of j falls by the step, cut at whichever bound comes first.
    const oldI = alpha[i];
    const oldJ = alpha[j];
    const positiveI = i < positives;
    const positiveJ = j < positives;
    const roomI = positiveI ? caps[i] - oldI : oldI;
    const roomJ = positiveJ ? oldJ : caps[j] - oldJ;
    let newI: number;
    let newJ: number;
    if (step < roomI && step < roomJ) {
      newI = positiveI ? oldI + step : oldI - step;
      newJ = positiveJ ? oldJ - step : oldJ + step;
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
    upMask[i] = (positiveI ? newI < caps[i] : newI > 0) ? 0 : Number.NEGATIVE_INFINITY;
    lowMask[i] = (positiveI ? newI > 0 : newI < caps[i]) ? 0 : Number.POSITIVE_INFINITY;
    upMask[j] = (positiveJ ? newJ < caps[j] : newJ > 0) ? 0 : Number.NEGATIVE_INFINITY;
    lowMask[j] = (positiveJ ? newJ > 0 : newJ < caps[j]) ? 0 : Number.POSITIVE_INFINITY;

    const changeI = positiveI ? newI - oldI : oldI - newI;
    const changeJ = positiveJ ? newJ - oldJ : oldJ - newJ;
    highest = Number.NEGATIVE_INFINITY;
    lowest = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      const row = rows[k];
      const value = residual[k] - (changeI * gram[rowI + row] + changeJ * gram[rowJ + row]);
      residual[k] = value;
      const up = value + upMask[k];
      if (up >= highest) {
        highest = up;
        first = k;
      }
      const low = value + lowMask[k];
      if (low < lowest) lowest = low;
    }
    steps++;
    done = highest - lowest < epsilon;
  }
  state.first = first;
  state.highest = highest;
  state.lowest = lowest;
  state.gap = highest - lowest;
  state.iterations += steps;
  return done;
}

/**
 * The intercept's negative: a row's decision value is the kernel sum minus this. The mean over the free rows, and
 * where none is free the middle of what the bounds allow; LIBSVM's rho.
 */
export function smoRho(problem: SmoProblem, state: SmoState): number {
  let sum = 0;
  let free = 0;
  for (let k = 0; k < problem.count; k++) {
    if (state.alpha[k] > 0 && state.alpha[k] < problem.caps[k]) {
      sum -= state.residual[k];
      free++;
    }
  }
  return free > 0 ? sum / free : -(state.highest + state.lowest) / 2;
}

/** The solver as one-vs-one training uses it; a machine stops after `maxIterations` steps. */
export function smoSolver(capacity: number, maxIterations: number): MachineSolver {
  const state = smoState(capacity);
  let problem: SmoProblem;
  return {
    start(next) {
      problem = next;
      startSmo(problem, state);
    },
    advance(budget) {
      const done = continueSmo(problem, state, Math.min(budget, maxIterations - state.iterations));
      return done || state.iterations >= maxIterations;
    },
    alpha: state.alpha,
    rho: () => smoRho(problem, state),
    iterations: () => state.iterations,
    gap: () => state.gap,
  };
}
