import { usageError } from '../../system/errors.ts';
import { type GivenParams, type ParamsOf, type RawParams, readParams } from '../parameters.ts';

export const svmSolvers = ['smo', 'ml-svm', 'linearsvc'] as const;
export type PairSolver = 'smo' | 'ml-svm';

export const svmOptions = {
  C: {
    describe: 'penalty of margin violations, as in scikit-learn',
    numbers: { above: 0 },
    default: 1,
    simpler: 'smaller',
  },
  kernel: { describe: 'of the one-vs-one classifiers', words: ['linear', 'rbf'], default: 'linear' },
  /** Of rbf: 1 / (dims x variance of all features), 1 / dims, or a number. */
  gamma: {
    describe: 'coefficient of the rbf kernel',
    words: ['scale', 'auto'],
    numbers: { above: 0 },
    default: 'scale',
    solvers: ['smo', 'ml-svm'],
    simpler: 'smaller',
  },
  /** Largest allowed violation of the optimality conditions; scikit-learn's tol. */
  tolerance: {
    describe: 'tolerance of the stopping criterion',
    numbers: { above: 0 },
    default: 1e-3,
    solvers: ['smo', 'ml-svm'],
  },
  /** Most steps (smo) or passes over the rows (ml-svm, linearsvc) per classifier. */
  maxIterations: {
    describe: 'maximum number of steps',
    numbers: { min: 1, max: 2_147_483_647, whole: true },
    // LIBSVM's bound for problems of up to 100,000 rows, ml-svm's own default, scikit-learn's max_iter of LinearSVC.
    default: { smo: 10_000_000, 'ml-svm': 10_000, linearsvc: 1000 },
  },
  allowSlow: {
    describe: 'ml-svm: start even when it will take more than ten minutes',
    flag: true,
    solvers: ['smo', 'ml-svm'],
  },
} as const;

export type SvmParams = Omit<ParamsOf<typeof svmOptions>, 'allowSlow'> & { readonly calibrate?: 'none' };
/** Parameters of the SVM, as given by callers of the library. */
export type GivenSvmParams = GivenParams<typeof svmOptions, (typeof svmSolvers)[number]>;

/** @throws a usage UserError for a parameter that is invalid, or has no effect with the others */
export function readSvmParams(raw: RawParams): {
  readonly solver: (typeof svmSolvers)[number];
  readonly params: SvmParams;
  readonly allowSlow: boolean;
} {
  const { solver, params: all } = readParams({ solvers: svmSolvers, options: svmOptions }, raw);
  const { allowSlow, ...params } = all;
  const { kernel, gamma } = params;
  if (solver === 'linearsvc' && kernel !== 'linear') throw usageError('kernel', kernel, 'linear', { value: 'linear' });
  if (kernel === 'linear' && gamma !== 'scale') {
    throw usageError('gamma', String(gamma), 'no gamma with the linear kernel, which has no width', '--kernel rbf');
  }
  return { solver, params, allowSlow };
}
