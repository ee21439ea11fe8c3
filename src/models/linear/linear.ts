import { UserError, usageError } from '../../system/errors.ts';
import { loadLinear } from '../linear-head.ts';
import type { HeadKind } from '../model.ts';
import { choiceParam, numberParam, type RawParams } from '../params.ts';
import { linearByAdam } from './adam.ts';
import { crossValidateLogistic } from './cross-validate.ts';
import { type LbfgsParams, linearByLbfgs } from './fit.ts';

const solvers = ['lbfgs', 'adam'] as const;
/** Parameters of one solver alone; given to the other they would do nothing. */
const optionsOf = { lbfgs: ['C', 'maxIterations'], adam: ['epochs', 'lr', 'batch'] } as const;

/**
 * A linear softmax classifier. `lbfgs` is multinomial logistic regression with an L2 penalty, scikit-learn's
 * `LogisticRegression`; `adam` is a fresh fully connected layer trained by mini-batches, as a notebook's loop does.
 */
export const linear: HeadKind = {
  model: 'linear',
  solvers,
  options: {
    optimizer: { describe: 'lbfgs | adam' },
    C: { describe: 'inverse strength of the penalty, as in scikit-learn', simpler: 'smaller' },
    maxIterations: { describe: 'steps before a fit gives up' },
    epochs: { describe: 'adam: passes over the training rows', simpler: 'smaller' },
    lr: { describe: 'adam: learning rate' },
    batch: { describe: 'adam: rows per step' },
  },
  create: (params) => {
    const solver = solverOf(params);
    switch (solver) {
      case 'lbfgs':
        return linearByLbfgs(lbfgsParams(params));
      case 'adam':
        return linearByAdam({
          epochs: numberParam(params, 'epochs', 9, { min: 1, whole: true }),
          lr: numberParam(params, 'lr', 0.001, { above: 0 }),
          batch: numberParam(params, 'batch', 256, { min: 1, whole: true }),
        });
      default:
        return solver satisfies never;
    }
  },
  autoCalibrate: () => 'temperature',
  autoSweep: (params) =>
    solverOf(params) === 'lbfgs'
      ? { C: [0.001, 0.01, 0.1, 1, 10, 100, 1000] }
      : { lr: [0.0003, 0.001, 0.003, 0.01], epochs: [9, 30, 100] },
  crossValidate: (points, table, folds, context) => {
    if (points.every((params) => solverOf(params) === 'lbfgs')) {
      return crossValidateLogistic(points.map(lbfgsParams), table, folds, context);
    }
    return undefined;
  },
  load: (saved) => {
    if (solvers.some((solver) => solver === saved.solver)) return loadLinear(saved);
    throw new UserError({
      what: 'the saved linear head was made by a solver that is not known here',
      found: saved.solver,
      expected: solvers.join(' | '),
    });
  },
};

function lbfgsParams(params: RawParams): LbfgsParams {
  return {
    C: numberParam(params, 'C', 1, { above: 0 }),
    maxIterations: numberParam(params, 'maxIterations', 1000, { min: 1, whole: true }),
  };
}

/** @throws a usage UserError when a parameter of the other solver is among them */
function solverOf(params: RawParams): (typeof solvers)[number] {
  const named = choiceParam(params, 'solver', 'lbfgs', solvers);
  const solver = choiceParam(params, 'optimizer', named, solvers);
  if (solver !== named && params['solver'] !== undefined && params['solver'] !== null) {
    throw usageError('optimizer', `${solver}, and --solver ${named}`, 'one of the two: they name the same thing');
  }
  const other = solver === 'lbfgs' ? 'adam' : 'lbfgs';
  for (const name of optionsOf[other]) {
    if (params[name] === undefined || params[name] === null) continue;
    throw usageError(name, String(params[name]), `nothing with the optimizer ${solver}`, `--optimizer ${other}`);
  }
  return solver;
}
