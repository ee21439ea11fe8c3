import { UserError } from '../../errors.ts';
import type { HeadKind } from './head.ts';
import { choiceParam } from './params.ts';
import { crossValidateSvm } from './svm/cross-validate.ts';
import { svmHead } from './svm/fit.ts';
import { loadSvm } from './svm/fitted.ts';
import { svmParams, svmSolvers } from './svm/params.ts';

/**
 * C-SVC, one-vs-one, with a linear or rbf kernel: scikit-learn's SVC (LIBSVM) in objective, votes and stopping rule,
 * on one Gram matrix that all machines share. `smo` is the project's own solver; `ml-svm` solves each machine by the
 * npm package of that name.
 *
 * Class predictions are votes; probabilities are calibrated on held-out decision values (`svm/calibration.ts`).
 */
export const svm: HeadKind = {
  model: 'svm',
  solvers: svmSolvers,
  options: ['C', 'kernel', 'gamma', 'tolerance', 'maxIterations', 'allowSlow'],
  create: (params) => {
    const solver = choiceParam(params, 'solver', 'smo', svmSolvers);
    return svmHead(svmParams(params, solver), solver, params['allowSlow'] === true);
  },
  autoSweep: (params) => ({
    C: [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000],
    ...(params['kernel'] === 'rbf' ? { gamma: ['scale', 'auto'] } : {}),
  }),
  crossValidate: (points, table, folds, context) =>
    points.every((params) => params['solver'] === undefined || params['solver'] === 'smo')
      ? crossValidateSvm(points, table, folds, context)
      : undefined,
  load: (saved) => {
    if (svmSolvers.some((solver) => solver === saved.solver)) return loadSvm(saved);
    throw new UserError({
      what: 'the saved svm head was made by a solver that is not known here',
      found: saved.solver,
      expected: svmSolvers.join(' | '),
    });
  },
};
