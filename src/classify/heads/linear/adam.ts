import { pauseForInterrupt } from '../../interrupt.ts';
import { scoreProbabilities } from '../../metrics.ts';
import { type RandomState, randomState } from '../../mt19937.kernel.ts';
import { presentClasses } from '../../present-classes.ts';
import { adamStep, type Moments } from '../../solvers/adam.kernel.ts';
import { type LinearState, linearLoss } from '../../solvers/linear-loss.ts';
import { takeTableRows } from '../../table.ts';
import { checkTrainingTable } from '../checks.ts';
import type { FitContext, FittedHead, Head, Json } from '../head.ts';
import { checkSeveralClasses } from './several-classes.ts';
import { softmaxHead, withAbsentClasses } from './softmax-head.ts';

export interface AdamParams {
  readonly epochs: number;
  /** Learning rate. */
  readonly lr: number;
  /** Rows per step; the last step of an epoch takes what is left. */
  readonly batch: number;
}

/**
 * A fresh fully connected layer trained on the cross-entropy by Adam: the loop of a transfer-learning notebook, on
 * features that are already there. The layer starts as torch.nn.Linear does, uniform within 1 / sqrt(dims).
 */
export function linearByAdam(params: AdamParams): Head {
  const shown = { epochs: params.epochs, lr: params.lr, batch: params.batch };
  return {
    model: 'linear',
    solver: 'adam',
    params: shown,
    fit: async (whole, context) => {
      checkTrainingTable(whole, 'linear');
      checkSeveralClasses(whole, 'linear');
      const { table: train, present } = presentClasses(whole);
      const random = randomState(context.seed);
      const dims = train.features.columnCount;
      const classCount = train.classes.length;
      const bound = 1 / Math.sqrt(dims);
      const state = {
        weights: uniform(random, dims * classCount, bound),
        bias: uniform(random, classCount, bound),
      };
      const weightMoments = emptyMoments(dims * classCount);
      const biasMoments = emptyMoments(classCount);
      const weightGradient = new Float64Array(dims * classCount);
      const biasGradient = new Float64Array(classCount);
      const epochs: Json[] = [];
      const order = Int32Array.from({ length: train.labels.length }, (_, row) => row);

      let step = 0;
      for (let epoch = 1; epoch <= params.epochs; epoch++) {
        random.shuffle(order);
        let lossSum = 0;
        let weightSum = 0;
        for (let start = 0; start < order.length; start += params.batch) {
          await pauseForInterrupt(context.signal);
          const batch = takeTableRows(train, order.subarray(start, start + params.batch));
          const batchWeight = batch.sampleWeights?.reduce((sum, weight) => sum + weight, 0) ?? batch.labels.length;
          if (batchWeight === 0) continue;
          lossSum += await linearLoss('softmax', batch, context).evaluate(state, weightGradient, biasGradient);
          weightSum += batchWeight;
          step++;
          adamStep(state.weights, weightGradient, 1 / batchWeight, weightMoments, step, params.lr);
          adamStep(state.bias, biasGradient, 1 / batchWeight, biasMoments, step, params.lr);
        }
        const trainLoss = lossSum / weightSum;
        const held = context.test === undefined ? undefined : await evaluate(fitted(state, []), context.test);
        epochs.push({ trainLoss, ...held });
        context.onProgress?.({
          stage: 'fit',
          done: epoch,
          total: params.epochs,
          message: epochLine(epoch, params.epochs, trainLoss, held),
        });
      }
      return fitted(state, epochs);

      function fitted(at: LinearState, seen: readonly Json[]): FittedHead {
        return softmaxHead({
          solver: 'adam',
          params: shown,
          classes: whole.classes,
          dims,
          ...withAbsentClasses(at.weights, at.bias, present, dims, whole.classes.length),
          converged: true,
          iterations: seen.length,
          warnings: [],
          details: { epochs: seen, steps: step, iterationsAre: 'epochs', probabilities: 'softmax' },
          threads: context.threads,
        });
      }
    },
  };
}

interface HeldOutFigures {
  readonly testLoss: number;
  readonly correct: number;
  readonly testCount: number;
}

async function evaluate(head: FittedHead, test: NonNullable<FitContext['test']>): Promise<HeldOutFigures> {
  const probabilities = await head.predictProba(test.features);
  const { accuracy, logLoss } = scoreProbabilities(test.labels, probabilities);
  const testCount = test.labels.length;
  return { testLoss: logLoss, correct: Math.round(accuracy * testCount), testCount };
}

function epochLine(epoch: number, epochs: number, trainLoss: number, held: HeldOutFigures | undefined): string {
  const start = `epoch ${epoch}/${epochs}: training loss ${trainLoss.toFixed(4)}`;
  if (held === undefined) return start;
  const { testLoss, correct, testCount } = held;
  const percent = ((100 * correct) / testCount).toFixed(1);
  return `${start}, test loss ${testLoss.toFixed(4)}, correct ${correct}/${testCount}, ${percent} %`;
}

function uniform(random: RandomState, count: number, bound: number): Float32Array {
  return Float32Array.from({ length: count }, () => bound * (2 * random.double() - 1));
}

function emptyMoments(count: number): Moments {
  return { first: new Float64Array(count), second: new Float64Array(count) };
}
