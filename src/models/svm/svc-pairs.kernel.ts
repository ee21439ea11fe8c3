import type { BinarySolver, SmoProblem } from './smo/smo.kernel.ts';

/**
 * All one-vs-one classifiers of a C-SVC on one Gram matrix. With several threads, the arrays are in shared memory; each pair
 * of classes belongs to one thread and depends only on its inputs, so the result does not depend on their number.
 *
 * Training rows are numbered class by class (`classStart`). A row of class c has one slot per other class o: o if o < c,
 * else o - 1.
 */
export interface PairsJob {
  /** Kernel values of Gram rows a >= b at `a * stride + b`. */
  readonly gram: Float32Array;
  readonly stride: number;
  readonly rows: Int32Array;
  /** First training row of each class, then the row count: [classes + 1]. */
  readonly classStart: Int32Array;
  /** C times the weight of each training row. */
  readonly caps: Float64Array;
  /** Fold in which a row is held out; -1 for none. */
  readonly folds: Int32Array;
  /** Folds 0 to foldCount - 1 are fitted. */
  readonly foldCount: number;
  readonly epsilon: number;
  readonly maxIterations: number;
  /** 1 for a pair whose result is already in the output arrays. */
  readonly settled: Uint8Array;
  /** Out: y alpha by slot, [rows, classes - 1]. */
  readonly coefficients: Float64Array;
  /** Out: decision values of held-out rows by slot, positive for the lower class; NaN for none. [rows, classes - 1] */
  readonly heldOut: Float64Array;
  /** Out, per pair (0,1), (0,2) … (1,2) …: the negative intercept, steps, and the remaining violation. */
  readonly rho: Float64Array;
  readonly iterations: Int32Array;
  readonly gaps: Float64Array;
  /** Out: 1 for a pair with an alpha that was at its cap. */
  readonly capped: Uint8Array;
  /** Next pair, whether to stop, and number of finished pairs: [3], accessed by Atomics. */
  readonly control: Int32Array;
}

const NEXT_PAIR = 0;
export const STOP = 1;
export const FINISHED = 2;

/** Takes pairs off a job and works for about so many steps times rows; true if no pair is left for it. */
export type PairsRunner = (rowSteps: number) => boolean;

export function pairsRunner(job: PairsJob, makeSolver: (capacity: number) => BinarySolver): PairsRunner {
  const classCount = job.classStart.length - 1;
  const slots = classCount - 1;
  const pairCount = (classCount * slots) / 2;
  const capacity = largestPair(job.classStart);
  const solver = makeSolver(capacity);
  const rows = new Int32Array(capacity);
  const caps = new Float64Array(capacity);
  /** Training row of each local row. */
  const local = new Int32Array(capacity);

  let pair = -1;
  let low = 0;
  let high = 0;
  /** -1 for all rows, then each fold. */
  let fold = -1;
  let problem: SmoProblem | undefined;
  /** 1 for a local row of the current fold. */
  const held = new Uint8Array(capacity);

  const set = (): SmoProblem => {
    let count = 0;
    let positives = 0;
    for (const side of [low, high]) {
      for (let row = job.classStart[side]; row < job.classStart[side + 1]; row++) {
        local[count] = row;
        rows[count] = job.rows[row];
        caps[count] = job.caps[row];
        count++;
      }
      if (side === low) positives = count;
    }
    const { gram, stride, epsilon } = job;
    return { gram, stride, rows, count, positives, caps, epsilon };
  };

  const slotOf = (row: number): number => row * slots + (row < job.classStart[low + 1] ? high - 1 : low);

  const keep = (solved: SmoProblem): void => {
    if (fold >= 0) {
      for (let k = 0; k < solved.count; k++) {
        if (held[k] === 1) job.heldOut[slotOf(local[k])] = solver.decision(k);
      }
      return;
    }
    const { alpha } = solver;
    for (let k = 0; k < solved.count; k++) {
      job.coefficients[slotOf(local[k])] = k < solved.positives ? alpha[k] : -alpha[k];
    }
    job.rho[pair] = solver.rho();
    job.iterations[pair] = solver.iterations();
    job.gaps[pair] = solver.gap();
    job.capped[pair] = solver.capped() ? 1 : 0;
  };

  /** Starts the pair's next fold with a held-out row, or the next pair; false if there is none. */
  const next = (): boolean => {
    if (problem !== undefined) {
      for (fold++; fold < job.foldCount; fold++) {
        if (!findHeld(problem.count)) continue;
        solver.holdOut(held);
        return true;
      }
      Atomics.add(job.control, FINISHED, 1);
    }
    problem = undefined;
    for (;;) {
      pair = Atomics.add(job.control, NEXT_PAIR, 1);
      if (pair >= pairCount) return false;
      if (job.settled[pair] === 0) break;
      Atomics.add(job.control, FINISHED, 1);
    }
    fold = -1;
    low = 0;
    let start = 0;
    while (pair >= start + slots - low) {
      start += slots - low;
      low++;
    }
    high = low + 1 + (pair - start);
    problem = set();
    solver.start(problem, pair);
    return true;
  };

  const findHeld = (count: number): boolean => {
    let some = false;
    for (let k = 0; k < count; k++) {
      held[k] = job.folds[local[k]] === fold ? 1 : 0;
      if (held[k] === 1) some = true;
    }
    return some;
  };

  let running = false;
  return (rowSteps) => {
    let left = rowSteps;
    while (left > 0) {
      if (!running && !next()) return true;
      running = true;
      const solving = problem as SmoProblem;
      const { count } = solving;
      const before = solver.iterations();
      const done = solver.advance(Math.ceil(left / count));
      left -= (solver.iterations() - before + 1) * count;
      if (done) {
        keep(solving);
        running = false;
      }
    }
    return false;
  };
}

function largestPair(classStart: Int32Array): number {
  let first = 0;
  let second = 0;
  for (let c = 0; c + 1 < classStart.length; c++) {
    const count = classStart[c + 1] - classStart[c];
    if (count > first) {
      second = first;
      first = count;
    } else if (count > second) second = count;
  }
  return first + second;
}
