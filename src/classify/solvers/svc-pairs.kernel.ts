import type { MachineSolver, SmoProblem } from './smo.kernel.ts';

/**
 * All one-vs-one machines of a C-SVC on one Gram matrix. Every array sits on shared memory when several threads work on
 * the job; each pair of classes is one thread's alone and depends on nothing but its inputs, so the answer does not
 * depend on the number of threads.
 *
 * Training rows are numbered class by class (`classStart`). A row of class c has one slot per other class o:
 * o for o < c, o - 1 above, so slots of a row are [classes - 1] and those of all rows [rows, classes - 1].
 */
export interface PairsJob {
  readonly gram: Float32Array;
  readonly stride: number;
  /** Gram row of each training row. */
  readonly rows: Int32Array;
  /** First training row of each class, and the row count last: [classes + 1]. */
  readonly classStart: Int32Array;
  /** C times the weight of each training row. */
  readonly caps: Float64Array;
  /** Fold in which a row is held out, or -1 for never. */
  readonly folds: Int32Array;
  /** Folds 0 to foldCount - 1 are run; 0 for none. */
  readonly foldCount: number;
  readonly epsilon: number;
  /** Steps that one machine may take. */
  readonly maxIterations: number;
  /** Out: y alpha by slot. */
  readonly coefficients: Float64Array;
  /** Out: decision value of a held-out row by slot, from the machine fitted without its fold; NaN where there is none. */
  readonly heldOut: Float64Array;
  /** Out, per pair (0,1), (0,2) … (1,2) …: the intercept's negative, steps taken, and the violation that was left. */
  readonly rho: Float64Array;
  readonly iterations: Int32Array;
  readonly gaps: Float64Array;
  /** Next pair to take, whether to stop, and pairs finished: [3], changed through Atomics. */
  readonly control: Int32Array;
}

export const NEXT_PAIR = 0;
export const STOP = 1;
export const FINISHED = 2;

/** Takes pairs off a job until none is left. */
export interface PairsRunner {
  /** Works for about `rowSteps` (steps times rows); true when no pair is left for this runner. */
  advance(rowSteps: number): boolean;
}

export function pairsRunner(job: PairsJob, makeSolver: (capacity: number) => MachineSolver): PairsRunner {
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
  /** -1 for the machine on all rows, then each fold. */
  let fold = -1;
  let problem: SmoProblem | undefined;

  /** Sets up the machine of the current pair without the rows of the current fold. */
  const set = (): SmoProblem => {
    let count = 0;
    let positives = 0;
    for (const side of [low, high]) {
      for (let row = job.classStart[side]; row < job.classStart[side + 1]; row++) {
        if (fold >= 0 && job.folds[row] === fold) continue;
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
    const { alpha } = solver;
    const rho = solver.rho();
    if (fold < 0) {
      for (let k = 0; k < solved.count; k++) {
        job.coefficients[slotOf(local[k])] = k < solved.positives ? alpha[k] : -alpha[k];
      }
      job.rho[pair] = rho;
      job.iterations[pair] = solver.iterations();
      job.gaps[pair] = solver.gap();
      return;
    }
    for (const side of [low, high]) {
      for (let row = job.classStart[side]; row < job.classStart[side + 1]; row++) {
        if (job.folds[row] !== fold) continue;
        const start = job.rows[row] * job.stride;
        let value = -rho;
        for (let k = 0; k < solved.count; k++) {
          if (alpha[k] > 0) value += (k < solved.positives ? alpha[k] : -alpha[k]) * job.gram[start + rows[k]];
        }
        job.heldOut[slotOf(row)] = value;
      }
    }
  };

  /** Moves to the next fold of this pair that holds a row out, or to the next pair; false when none is left. */
  const next = (): boolean => {
    if (pair >= 0) {
      for (fold++; fold < job.foldCount; fold++) if (holdsOut()) return true;
      Atomics.add(job.control, FINISHED, 1);
    }
    pair = Atomics.add(job.control, NEXT_PAIR, 1);
    if (pair >= pairCount) return false;
    fold = -1;
    // Row `low` of the triangle of pairs starts where the rows above it end.
    low = 0;
    let start = 0;
    while (pair >= start + slots - low) {
      start += slots - low;
      low++;
    }
    high = low + 1 + (pair - start);
    return true;
  };

  const holdsOut = (): boolean => {
    for (const side of [low, high]) {
      for (let row = job.classStart[side]; row < job.classStart[side + 1]; row++) {
        if (job.folds[row] === fold) return true;
      }
    }
    return false;
  };

  return {
    advance(rowSteps) {
      let left = rowSteps;
      while (left > 0) {
        if (problem === undefined) {
          if (!next()) return true;
          problem = set();
          solver.start(problem, pair);
        }
        const before = solver.iterations();
        const done = solver.advance(Math.ceil(left / problem.count));
        left -= (solver.iterations() - before + 1) * problem.count;
        if (done) {
          keep(problem);
          problem = undefined;
        }
      }
      return false;
    },
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
