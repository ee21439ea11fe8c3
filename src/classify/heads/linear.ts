import { UserError, usageError } from '../../errors.ts';
import type { HeadKind } from './head.ts';
import { linearByAdam } from './linear/adam.ts';
import { linearByLbfgs } from './linear/lbfgs.ts';
import { loadLinear } from './linear/softmax-head.ts';
import { choiceParam, numberParam } from './params.ts';

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
  options: ['optimizer', ...optionsOf.lbfgs, ...optionsOf.adam],
  create: (params) => {
    const solver = choiceParam(params, params['optimizer'] === undefined ? 'solver' : 'optimizer', 'lbfgs', solvers);
    const other = solver === 'lbfgs' ? 'adam' : 'lbfgs';
    for (const name of optionsOf[other]) {
      if (params[name] === undefined || params[name] === null) continue;
      throw usageError(name, String(params[name]), `nothing with the optimizer ${solver}`, `--optimizer ${other}`);
    }
    switch (solver) {
      case 'lbfgs':
        return linearByLbfgs({
          C: numberParam(params, 'C', 1, { above: 0 }),
          maxIterations: numberParam(params, 'maxIterations', 1000, { min: 1, whole: true }),
        });
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
  load: (saved) => {
    if (solvers.some((solver) => solver === saved.solver)) return loadLinear(saved);
    throw new UserError({
      what: 'the saved linear head was made by a solver that is not known here',
      found: saved.solver,
      expected: solvers.join(' | '),
    });
  },
};
