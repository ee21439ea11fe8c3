import { presentClasses } from '../../present-classes.ts';
import { fitLogistic, gradientTolerance } from '../../solvers/logistic.ts';
import { checkTrainingTable } from '../checks.ts';
import type { Head } from '../head.ts';
import { checkSeveralClasses } from './several-classes.ts';
import { softmaxHead, withAbsentClasses } from './softmax-head.ts';

export interface LbfgsParams {
  /** Inverse strength of the L2 penalty, scikit-learn's C. */
  readonly C: number;
  readonly maxIterations: number;
}

/** Multinomial logistic regression by L-BFGS: scikit-learn's `LogisticRegression(C)`. */
export function linearByLbfgs(params: LbfgsParams): Head {
  const shown = { C: params.C, maxIterations: params.maxIterations };
  return {
    model: 'linear',
    solver: 'lbfgs',
    params: shown,
    fit: async (train, context) => {
      checkTrainingTable(train, 'linear');
      checkSeveralClasses(train, 'linear');
      const { table, present } = presentClasses(train);
      const dims = train.features.columnCount;
      const fit = await fitLogistic(table, {
        ...params,
        threads: context.threads,
        signal: context.signal,
        onIteration: (iteration) =>
          context.onProgress?.({ stage: 'fit', done: iteration, total: params.maxIterations }),
      });
      return softmaxHead({
        solver: 'lbfgs',
        params: shown,
        classes: train.classes,
        dims,
        ...withAbsentClasses(fit.weights, fit.bias, present, dims, train.classes.length),
        converged: fit.converged,
        iterations: fit.iterations,
        warnings: fit.converged ? [] : [notConverged(fit.iterations, fit.gradientSize, params)],
        details: {
          objective: fit.value,
          largestGradient: fit.gradientSize,
          evaluations: fit.evaluations,
          iterationsAre: 'L-BFGS steps',
          probabilities: 'softmax',
        },
        threads: context.threads,
      });
    },
  };
}

function notConverged(iterations: number, gradientSize: number, params: LbfgsParams): string {
  return (
    `not converged after ${iterations} steps: the largest part of the gradient is ${gradientSize.toPrecision(2)}, ` +
    `wanted ${gradientTolerance}; raise --max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}
