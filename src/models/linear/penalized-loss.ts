import type { Objective } from '../../numerics/lbfgs.ts';
import { addPenalty, shiftBias, shiftGradient } from '../../numerics/linear-loss.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { type LossContext, linearLoss } from '../linear-loss.ts';

export interface PenalizedLoss {
  readonly table: Table<RowSource>;
  /** Subtracted from the features, by way of the weights and the gradient: [dims]. */
  readonly means: Float64Array;
  /** The penalty is strength / 2 · |weights|²: a lower bound of the curvature. */
  readonly strength: number;
}

/** The summed cross-entropy of centred rows plus the penalty, as a function of the weights and then the intercepts. */
export function penalizedLoss({ table, means, strength }: PenalizedLoss, context: LossContext): Objective {
  const classCount = table.classes.length;
  const weightCount = means.length * classCount;
  const loss = linearLoss('softmax', table, context);
  const state = { weights: new Float32Array(weightCount), bias: new Float32Array(classCount) };
  return async (x, gradient) => {
    const weights = x.subarray(0, weightCount);
    const weightGradient = gradient.subarray(0, weightCount);
    const biasGradient = gradient.subarray(weightCount);
    state.weights.set(weights);
    shiftBias(x.subarray(weightCount), weights, means, state.bias);
    const value = await loss(state, weightGradient, biasGradient);
    shiftGradient(weightGradient, biasGradient, means);
    return value + addPenalty(weightGradient, weights, strength);
  };
}
