import { presentClasses } from '../../present-classes.ts';
import { minimize } from '../../solvers/lbfgs.ts';
import { addPenalty, columnMeans, shiftBias, shiftGradient } from '../../solvers/softmax-loss.kernel.ts';
import { softmaxLoss } from '../../solvers/softmax-loss.ts';
import { checkTrainingTable } from '../checks.ts';
import type { Head } from '../head.ts';
import { checkSeveralClasses } from './several-classes.ts';
import { softmaxHead, withAbsentClasses } from './softmax-head.ts';

export interface LbfgsParams {
  /** Inverse strength of the L2 penalty, scikit-learn's C: the loss is the sum over the rows plus |weights|² / (2 C). */
  readonly C: number;
  readonly maxIterations: number;
}

/** scikit-learn's default `tol`, on the largest part of the gradient of the summed loss. */
const gradientTolerance = 1e-4;
/** Share of the objective: scipy's L-BFGS-B, which scikit-learn calls, stops at the first step that wins 2e-9 of it. */
const valueTolerance = 2e-9;
/** Relative error of a sum of float32 losses: rounding in products of some thousand terms, averaged over the rows. */
const valueSlack = 1e-7;

/**
 * Multinomial logistic regression with an L2 penalty by L-BFGS: scikit-learn's `LogisticRegression(C)`, two classes
 * included. The state is float64, the products float32. The intercept is not penalized, so centred features have the
 * same optimum and get there in far fewer steps; the centring is done on the weights and the gradient, never on a copy
 * of the features.
 */
export function linearByLbfgs(params: LbfgsParams): Head {
  return {
    model: 'linear',
    solver: 'lbfgs',
    params: { C: params.C, maxIterations: params.maxIterations },
    fit: async (whole, context) => {
      checkTrainingTable(whole, 'linear');
      checkSeveralClasses(whole, 'linear');
      const { table: train, present } = presentClasses(whole);
      const dims = train.features.columnCount;
      const classCount = train.classes.length;
      const means = columnMeans(train.features.data, dims, train.sampleWeights);
      // scikit-learn fits two classes by one vector v; here it is the pair v/2 and -v/2, whose squares sum to half.
      const strength = (classCount === 2 ? 2 : 1) / params.C;
      const loss = softmaxLoss(train, context);
      const state = { weights: new Float32Array(dims * classCount), bias: new Float32Array(classCount) };

      const weightCount = dims * classCount;
      const objective = async (x: Float64Array, gradient: Float64Array): Promise<number> => {
        const weights = x.subarray(0, weightCount);
        const weightGradient = gradient.subarray(0, weightCount);
        const biasGradient = gradient.subarray(weightCount);
        state.weights.set(weights);
        shiftBias(x.subarray(weightCount), weights, means, state.bias);
        const value = await loss.evaluate(state, weightGradient, biasGradient);
        shiftGradient(weightGradient, biasGradient, means);
        return value + addPenalty(weightGradient, weights, strength);
      };

      const result = await minimize(objective, new Float64Array(weightCount + classCount), {
        maxIterations: params.maxIterations,
        gradientTolerance,
        valueTolerance,
        valueSlack,
        signal: context.signal,
        onIteration: (iteration) =>
          context.onProgress?.({ stage: 'fit', done: iteration, total: params.maxIterations }),
      });
      const weights = result.x.subarray(0, weightCount);
      const bias = new Float32Array(classCount);
      shiftBias(result.x.subarray(weightCount), weights, means, bias);
      return softmaxHead({
        solver: 'lbfgs',
        params: { C: params.C, maxIterations: params.maxIterations },
        classes: whole.classes,
        dims,
        ...withAbsentClasses(weights, bias, present, dims, whole.classes.length),
        converged: result.converged,
        iterations: result.iterations,
        warnings: result.converged ? [] : [notConverged(result.iterations, result.gradientSize, params)],
        details: {
          objective: result.value,
          largestGradient: result.gradientSize,
          evaluations: result.evaluations,
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
