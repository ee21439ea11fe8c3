import { createRequire } from 'node:module';
import { randomState } from '../../../numerics/mt19937.kernel.ts';
import { valueAt } from '../../../system/at.ts';
import { symmetricValue } from '../gram/gram.kernel.ts';
import type { BinarySolver, SmoProblem } from '../smo/smo.kernel.ts';
import type { PairsJob } from '../svc-pairs.kernel.ts';

export interface MlSvmJob {
  readonly job: PairsJob;
  readonly seed: number;
}

/** The part of the package used here; it has no types. */
interface MlSvm {
  train(features: readonly (readonly number[])[], labels: readonly number[]): void;
  /** Of all rows during training, then of the support vectors. */
  readonly alphas: readonly number[];
  readonly _supportVectorIdx?: readonly number[];
  readonly b: number;
  readonly iterations?: number;
}

/** Rows whose alpha is above this are support vectors; the package's own default. */
const ALPHA_TOLERANCE = 1e-6;

/**
 * Two-class classifiers by the npm package ml-svm (simplified SMO). Its kernel object reads the shared Gram matrix; its
 * features are row numbers.
 *
 * The package skips steps of alpha below 1e-3, whatever their scale, so the kernel is divided by its mean diagonal and C
 * multiplied by it: the same problem with alphas around 1. It draws its second working row, seeded per classifier.
 */
export function mlSvmSolver(maxPasses: number, seed: number): BinarySolver {
  const Svm: new (options: object) => MlSvm = createRequire(import.meta.url)('ml-svm');
  let problem: SmoProblem;
  let pair = 0;
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
      // Out of passes: what it has found is kept as not converged.
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
