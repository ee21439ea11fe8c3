import { probabilityTally } from '../../metrics/metrics.ts';
import { adamStep, type Moments } from '../../numerics/adam.kernel.ts';
import { takeInts } from '../../numerics/arrays.kernel.ts';
import { drawUniform, type RandomState, randomState } from '../../numerics/mt19937.kernel.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { checkLoss, checkSeveralClasses, checkTrainingTable } from '../checks.ts';
import { predictRows } from '../fitted-head.ts';
import { lighter, scoresNeed, softmaxHead, withAbsentClasses } from '../linear-head.ts';
import { blockLoss, type LinearState, linearLoss } from '../linear-loss.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FitProgress, FittedHead, Head, Json } from '../model.ts';
import { logitScale, promptWeights } from '../prompts.ts';
import { openEpochs, windowRows } from './batches.ts';

interface AdamParams {
  readonly epochs: number;
  readonly lr: number;
  /** Rows per step; the last step of an epoch takes the rest. */
  readonly batch: number;
  /** Prompts of the zero-shot head that initializes the weights; null: random. */
  readonly startPrompts: string | null;
}

/**
 * A fully connected layer trained on the cross-entropy by Adam. It is initialized as torch.nn.Linear, uniformly within
 * 1 / sqrt(dims), or from the zero-shot head of some prompts (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
 * models", section 3).
 */
export function linearByAdam(params: AdamParams): Head {
  return {
    model: 'linear',
    solver: 'adam',
    params: shown(params),
    rows: 'blocks',
    fit: (train, context) => fitAdam(params, train, context),
    needs: (size) => [...stateNeeds(size), size.stream === true ? windowNeed(size, params.batch) : scoresNeed(size)],
    lighter,
  };
}

async function fitAdam(params: AdamParams, whole: Table<RowSource>, context: FitContext): Promise<FittedHead> {
  context.arena?.reset();
  const allocate = (length: number): Float64Array => context.arena?.take(length) ?? new Float64Array(length);
  checkTrainingTable(whole, 'linear');
  const { table: train, present } = checkSeveralClasses(whole, 'linear');
  const random = randomState(context.seed);
  const dims = train.features.columnCount;
  const classCount = train.classes.length;
  const state = await startOf(params, train, random, context);
  const moments = (count: number): Moments => ({ first: allocate(count), second: allocate(count) });
  const weightMoments = moments(dims * classCount);
  const biasMoments = moments(classCount);
  const weightGradient = allocate(dims * classCount);
  const biasGradient = allocate(classCount);
  const block = blockLoss('softmax', dims, classCount, context.threads);
  const epoch = openEpochs(train, params.batch, random);
  const epochs: Json[] = [];
  const rowCount = train.labels.length;

  let step = 0;
  let lastLoss = 0;
  for (let number = 1; number <= params.epochs; number++) {
    let lossSum = 0;
    let weightSum = 0;
    let rowsDone = (number - 1) * rowCount;
    for await (const batch of epoch()) {
      await pauseForInterrupt(context.signal);
      rowsDone += batch.labels.length;
      const batchWeight = batch.sampleWeights?.reduce((sum, weight) => sum + weight, 0) ?? batch.labels.length;
      if (batchWeight === 0) continue;
      lossSum += await linearLoss('softmax', batch, context, block)(state, weightGradient, biasGradient);
      weightSum += batchWeight;
      step++;
      adamStep(state.weights, weightGradient, 1 / batchWeight, weightMoments, step, params.lr);
      adamStep(state.bias, biasGradient, 1 / batchWeight, biasMoments, step, params.lr);
      if (isStored(whole.features)) {
        const rows = { rowsRead: rowsDone, rowsToRead: params.epochs * rowCount };
        context.onProgress?.({ ...placeOf(number - 1, params), loss: lossSum / weightSum, ...rows });
      }
    }
    const trainLoss = lossSum / weightSum;
    checkLoss(trainLoss, number, 'linear');
    lastLoss = trainLoss;
    const held = context.test && (await evaluate(fitted(state, []), context.test, context.signal));
    epochs.push({ trainLoss, ...held });
    const message = epochLine(number, params.epochs, trainLoss, held);
    context.onProgress?.({ ...placeOf(number, params), message });
  }
  return fitted(state, epochs);

  function fitted(at: LinearState, seen: readonly Json[]): FittedHead {
    return softmaxHead({
      model: 'linear',
      solver: 'adam',
      params: shown(params),
      classes: whole.classes,
      dims,
      ...withAbsentClasses(at.weights, at.bias, present, dims, whole.classes.length),
      converged: true,
      iterations: seen.length,
      warnings: lastLoss > Math.log(classCount) ? [worseThanGuess(lastLoss, classCount)] : [],
      details: {
        epochs: seen,
        steps: step,
        iterationsAre: 'epochs',
        probabilities: 'softmax',
        ...(params.startPrompts === null
          ? {}
          : { start: `zero-shot: ${logitScale} times the vectors of the prompts, no bias` }),
      },
      threads: context.threads,
    });
  }
}

function shown({ epochs, lr, batch, startPrompts }: AdamParams): Record<string, Json> {
  return { epochs, lr, batch, ...(startPrompts === null ? {} : { startPrompts }) };
}

/** Initial weights, [dims, classes]. */
async function startOf(
  { startPrompts }: AdamParams,
  train: Table<RowSource>,
  random: RandomState,
  context: FitContext,
): Promise<LinearState> {
  const dims = train.features.columnCount;
  const classCount = train.classes.length;
  if (startPrompts !== null) {
    const { data } = await promptWeights(startPrompts, train, context, 'linear (--start-prompts)');
    return { weights: data.map((value) => logitScale * value), bias: new Float32Array(classCount) };
  }
  const bound = 1 / Math.sqrt(dims);
  return { weights: drawUniform(random, dims * classCount, bound), bias: drawUniform(random, classCount, bound) };
}

function placeOf(done: number, { epochs }: AdamParams): FitProgress {
  return { stage: 'fit', done, total: epochs };
}

/** Two moments and the gradient in float64; the weights and a block's gradient in float32. */
function stateNeeds({ dims, classes }: FitSize): MemoryPart[] {
  return [{ what: 'state of Adam', bytes: dims * classes * (8 * 3 + 4 * 2) }];
}

function windowNeed({ trainRows, dims }: FitSize, batch: number): MemoryPart {
  return { what: 'window of shuffled rows', bytes: 4 * dims * Math.min(trainRows, windowRows(dims, batch)) };
}

type HeldOutFigures = Readonly<Record<'testLoss' | 'correct' | 'testCount', number>>;

async function evaluate(
  head: FittedHead,
  { features, labels, classes }: Table<RowSource>,
  signal: AbortSignal | undefined,
): Promise<HeldOutFigures> {
  const tally = probabilityTally(classes.length);
  await predictRows(head, features, { signal }, (places, { probabilities }) =>
    tally.add(places === undefined ? labels : takeInts(labels, places), probabilities.data),
  );
  const { accuracy, logLoss } = tally.scores();
  const testCount = labels.length;
  return { testLoss: logLoss, correct: Math.round(accuracy * testCount), testCount };
}

/** Too high a learning rate may also end in finite but meaningless numbers. */
function worseThanGuess(loss: number, classCount: number): string {
  const guess = Math.log(classCount).toFixed(2);
  return `the training loss of the last epoch, ${loss.toPrecision(3)}, is above that of an even guess, ${guess}: --lr lowers the learning rate`;
}

function epochLine(epoch: number, epochs: number, trainLoss: number, held: HeldOutFigures | undefined): string {
  const start = `epoch ${epoch}/${epochs}: training loss ${trainLoss.toFixed(4)}`;
  if (held === undefined) return start;
  const { testLoss, correct, testCount } = held;
  const percent = ((100 * correct) / testCount).toFixed(1);
  return `${start}, test loss ${testLoss.toFixed(4)}, correct ${correct}/${testCount}, ${percent} %`;
}
