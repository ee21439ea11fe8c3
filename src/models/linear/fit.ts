import { lbfgsVectors } from '../../numerics/lbfgs-memory.ts';
import { presentClasses } from '../../rows/present-classes.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { checkTrainingTable } from '../checks.ts';
import { lighter, scoresNeed, softmaxHead, withAbsentClasses } from '../linear-head.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FitProgress, FittedHead, Head } from '../model.ts';
import { checkSeveralClasses } from '../several-classes.ts';
import {
  fitLogistic,
  gradientTolerance,
  isFittedInSpan,
  type LogisticContext,
  type LogisticOptions,
} from './logistic.ts';

export interface LbfgsParams {
  /** Inverse strength of the L2 penalty, scikit-learn's C. */
  readonly C: number;
  readonly maxIterations: number;
}

/** Multinomial logistic regression by L-BFGS: scikit-learn's `LogisticRegression(C)`. */
export function linearByLbfgs(params: LbfgsParams): Head {
  return {
    model: 'linear',
    solver: 'lbfgs',
    params: { C: params.C, maxIterations: params.maxIterations },
    rows: 'blocks',
    fit: (train, context) => fitLbfgs(params, train, context),
    needs: (size) => [...lbfgsNeeds(size), ...(size.stream === true ? [] : [scoresNeed(size), ...spanNeed(size)])],
    lighter,
  };
}

/**
 * Share of the objective that a fit for the calibration may leave. The temperature on the reference photos' features (C
 * from 0.01 to 10) was then within 0.5 % of the one of converged fits, in 40 % of their steps.
 */
const calibrationTolerance = 1e-4;

async function fitLbfgs(params: LbfgsParams, train: Table<RowSource>, context: FitContext): Promise<FittedHead> {
  const { threads, signal, arena } = context;
  arena?.reset();
  checkTrainingTable(train, 'linear');
  checkSeveralClasses(train, 'linear');
  const { table, present } = presentClasses(train);
  const dims = train.features.columnCount;
  const tell = progressOf(params, train, context);
  const valueTolerance = context.forCalibration === true ? calibrationTolerance : undefined;
  const fit = await fitLogistic(table, { ...params, threads, signal, arena, valueTolerance, ...tell });
  return softmaxHead({
    solver: 'lbfgs',
    params: { C: params.C, maxIterations: params.maxIterations },
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
}

/** Tells where the fit stands after each step, and for rows from the disk after each block. */
function progressOf(
  { maxIterations }: LbfgsParams,
  { features, labels }: Table<RowSource>,
  { onProgress }: FitContext,
): Pick<LogisticOptions & LogisticContext, 'onIteration' | 'onRows'> {
  let now: FitProgress = { stage: 'fit', done: 0, total: maxIterations };
  let rowsRead = 0;
  const tell = (): void => onProgress?.(isStored(features) ? { ...now, rowsRead } : now);
  return {
    onIteration: (done, value, gradient) => {
      now = { ...now, done, loss: value / labels.length, gradient };
      tell();
    },
    ...(isStored(features)
      ? {
          onRows: (count: number) => {
            rowsRead += count;
            tell();
          },
        }
      : {}),
  };
}

/** A factor of the Gram matrix of few rows, in float64 and float32, and a product of its size. */
function spanNeed({ trainRows, dims }: FitSize): MemoryPart[] {
  return isFittedInSpan(trainRows, dims) ? [{ what: 'span of the rows', bytes: (8 + 8 + 4) * trainRows ** 2 }] : [];
}

/** State of L-BFGS: float64, pairs of steps in float32; weights, gradient of a block and the fitted head in float32. */
export function lbfgsNeeds({ dims, classes }: FitSize): MemoryPart[] {
  return [{ what: 'state of L-BFGS', bytes: dims * classes * (8 * lbfgsVectors + 4 * 3) }];
}

function notConverged(iterations: number, gradientSize: number, params: LbfgsParams): string {
  return (
    `not converged after ${iterations} steps: the largest part of the gradient is ${gradientSize.toPrecision(2)}, ` +
    `wanted ${gradientTolerance}; raise --max-iterations ${params.maxIterations}, lower --C ${params.C}, or --scale standard`
  );
}
