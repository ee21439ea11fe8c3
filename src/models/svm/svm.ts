import { UserError, usageError } from '../../system/errors.ts';
import { loadLinear } from '../linear-head.ts';
import type { HeadKind } from '../model.ts';
import { choiceParam, numberParam, type RawParams } from '../params.ts';
import { crossValidateSvm } from './cross-validate.ts';
import { svmHead } from './fit.ts';
import { loadSvm } from './fitted.ts';
import { crossValidateLinearSvc } from './linear-svc/cross-validate.ts';
import { type LinearSvcParams, linearSvc } from './linear-svc/linear-svc.ts';
import { svmParams, svmSolvers } from './params.ts';

const solvers = [...svmSolvers, 'linearsvc'] as const;

/**
 * C-SVC, one-vs-one, with a linear or rbf kernel: scikit-learn's SVC (LIBSVM) in objective, votes and stopping rule,
 * on one Gram matrix that all machines share. `smo` is the project's own solver; `ml-svm` solves each machine by the
 * npm package of that name; `linearsvc` is one machine per class against all others, scikit-learn's LinearSVC.
 *
 * Class predictions are votes; probabilities are calibrated on held-out decision values (`svm/calibration.ts`).
 */
export const svm: HeadKind = {
  model: 'svm',
  solvers,
  options: {
    C: { describe: 'inverse strength of the penalty, as in scikit-learn', simpler: 'smaller' },
    kernel: { describe: 'linear | rbf' },
    gamma: { describe: 'of rbf: scale | auto | a number', simpler: 'smaller' },
    tolerance: { describe: 'when the solver stops' },
    maxIterations: { describe: 'steps before a fit gives up' },
    allowSlow: { describe: 'ml-svm: start even when it will take more than ten minutes', flag: true },
  },
  create: (params) => {
    const solver = choiceParam(params, 'solver', 'smo', solvers);
    if (solver === 'linearsvc') return linearSvc(linearSvcParams(params));
    return svmHead(svmParams(params, solver), solver, params['allowSlow'] === true);
  },
  autoCalibrate: () => 'none',
  autoSweep: (params) => ({
    C: [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000],
    ...(params['kernel'] === 'rbf' ? { gamma: ['scale', 'auto'] } : {}),
  }),
  crossValidate: (points, table, folds, context) => {
    const solverOf = new Set(points.map((params) => params['solver'] ?? 'smo'));
    if (solverOf.size > 1) return undefined;
    if (solverOf.has('smo')) return crossValidateSvm(points, table, folds, context);
    if (solverOf.has('linearsvc')) return crossValidateLinearSvc(points.map(linearSvcParams), table, folds, context);
    return undefined;
  },
  load: (saved) => {
    if (saved.solver === 'linearsvc') return loadLinear(saved);
    if (svmSolvers.some((solver) => solver === saved.solver)) return loadSvm(saved);
    throw new UserError({
      what: 'the saved svm head was made by a solver that is not known here',
      found: saved.solver,
      expected: solvers.join(' | '),
    });
  },
};

/** @throws a usage UserError for a parameter that only the one-vs-one machines read */
function linearSvcParams(params: RawParams): LinearSvcParams {
  for (const name of ['gamma', 'tolerance', 'allowSlow']) {
    if (params[name] === undefined || params[name] === null) continue;
    throw usageError(name, String(params[name]), 'nothing with the solver linearsvc', '--solver smo');
  }
  choiceParam(params, 'kernel', 'linear', ['linear']);
  return {
    C: numberParam(params, 'C', 1, { above: 0 }),
    maxIterations: numberParam(params, 'maxIterations', 1000, { min: 1, whole: true }),
  };
}
