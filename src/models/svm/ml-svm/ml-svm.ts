import { createRequire } from 'node:module';
import { randomState } from '../../../numerics/mt19937.kernel.ts';
import { valueAt } from '../../../system/at.ts';
import { symmetricValue } from '../gram/gram.kernel.ts';
import type { BinarySolver, SmoProblem } from '../smo/smo.kernel.ts';
import type { PairsJob } from '../svc-pairs.kernel.ts';

/** What a worker of this solver starts from. */
export interface MlSvmJob {
  readonly job: PairsJob;
  readonly seed: number;
}

/** The part of the package that is used here; it comes without types. */
interface MlSvm {
  train(features: readonly (readonly number[])[], labels: readonly number[]): void;
  /** All rows' while it trains; those of the support vectors after. */
  readonly alphas: readonly number[];
  readonly _supportVectorIdx?: readonly number[];
  readonly b: number;
  readonly iterations?: number;
}

/** Rows whose alpha is above this are support vectors; the package's own default. */
const ALPHA_TOLERANCE = 1e-6;

/**
 * One two-class classifier after another through the npm package ml-svm (simplified SMO), which is handed the shared Gram
 * matrix by its kernel object: its features are row numbers.
 *
 * The package leaves out steps of alpha below 1e-3 whatever their scale, and on features with norms of hundreds all of
 * them are smaller. The kernel is therefore divided by its mean diagonal and C multiplied by it: the same problem, with
 * alphas of the order of 1. Its second working row is drawn; the draws are seeded by classifier.
 */
export function mlSvmSolver(maxPasses: number, seed: number): BinarySolver {
  const Svm: new (options: object) => MlSvm = createRequire(import.meta.url)('ml-svm');
  let problem: SmoProblem;
  let pair = 0;
  /** Local rows that are trained on. */
  let kept: number[] = [];
  let alpha = new Float64Array(0);
  let rho = 0;
  let passes = 0;
  let violation = 0;

  const value = (a: number, b: number): number =>
    symmetricValue(problem.gram, problem.stride, valueAt(problem.rows, a), valueAt(problem.rows, b));
  const sign = (row: number): number => (row < problem.positives ? 1 : -1);

  const solve = (): void => {
    let scale = kept.reduce((sum, row) => sum + value(row, row), 0) / kept.length;
    if (!(scale > 0)) scale = 1;
    const random = randomState((seed + Math.imul(pair + 1, 0x9e3779b1)) >>> 0);
    const classifier = new Svm({
      C: valueAt(problem.caps, 0) * scale,
      tol: problem.epsilon,
      alphaTol: ALPHA_TOLERANCE,
      maxIterations: maxPasses,
      whitening: false,
      random: random.double,
      kernel: { compute: (a: readonly [number], b: readonly [number]) => value(a[0], b[0]) / scale },
    });
    let converged = true;
    try {
      classifier.train(
        kept.map((row) => [row]),
        kept.map(sign),
      );
    } catch (error) {
      // Its only sign of running out of passes; what it had found by then is kept and reported as not converged.
      if (!(error instanceof Error && error.message === 'max iterations reached')) throw error;
      converged = false;
    }
    alpha = new Float64Array(problem.count);
    classifier.alphas.forEach((found, i) => {
      if (found > ALPHA_TOLERANCE) alpha[valueAt(kept, classifier._supportVectorIdx?.[i] ?? i)] = found / scale;
    });
    rho = -classifier.b;
    passes = classifier.iterations ?? maxPasses;
    violation = converged ? 0 : Number.NaN;
  };

  return {
    start(next, number) {
      problem = next;
      pair = number;
      passes = 0;
      kept = Array.from({ length: next.count }, (_, row) => row);
    },
    holdOut(held) {
      passes = 0;
      kept = Array.from({ length: problem.count }, (_, row) => row).filter((row) => held[row] !== 1);
    },
    advance() {
      solve();
      return true;
    },
    get alpha() {
      return alpha;
    },
    rho: () => rho,
    decision: (row) => kept.reduce((sum, other) => sum + sign(other) * valueAt(alpha, other) * value(row, other), -rho),
    iterations: () => passes,
    gap: () => violation,
    capped: () => true,
  };
}
