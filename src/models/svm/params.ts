import { usageError } from '../../system/errors.ts';
import { choiceParam, numberParam, type RawParams } from '../params.ts';

export const svmSolvers = ['smo', 'ml-svm'] as const;
export type SvmSolver = (typeof svmSolvers)[number];

export interface SvmParams {
  /** Weight of the margin's violations; scikit-learn's C. */
  readonly C: number;
  readonly kernel: 'linear' | 'rbf';
  /** Width of the rbf kernel: 1 / (dims x variance of all features), 1 / dims, or a number above 0. */
  readonly gamma: 'scale' | 'auto' | number;
  /** Largest violation of the optimality conditions that a machine may keep; scikit-learn's tol. */
  readonly tolerance: number;
  /** Steps (smo) or passes over the rows (ml-svm) that one machine may take. */
  readonly maxIterations: number;
}

/** LIBSVM's bound for problems of up to 100,000 rows, and ml-svm's own default. */
const MAX_ITERATIONS = { smo: 10_000_000, 'ml-svm': 10_000 } as const;

export function svmParams(params: RawParams, solver: SvmSolver): SvmParams {
  const kernel = choiceParam(params, 'kernel', 'linear', ['linear', 'rbf']);
  const gamma = gammaParam(params['gamma']);
  if (kernel === 'linear' && gamma !== 'scale') {
    throw usageError('gamma', String(gamma), 'nothing with the linear kernel, which has no width', '--kernel rbf');
  }
  return {
    C: numberParam(params, 'C', 1, { above: 0 }),
    kernel,
    gamma,
    tolerance: numberParam(params, 'tolerance', 1e-3, { above: 0 }),
    maxIterations: numberParam(params, 'maxIterations', MAX_ITERATIONS[solver], {
      min: 1,
      max: 2 ** 31 - 1,
      whole: true,
    }),
  };
}

function gammaParam(given: unknown): SvmParams['gamma'] {
  if (given === undefined || given === null) return 'scale';
  if (given === 'scale' || given === 'auto') return given;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw usageError('gamma', String(given), 'scale, auto or a number above 0');
}
