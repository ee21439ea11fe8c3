import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { randomState } from '../../numerics/mt19937.kernel.ts';
import { presentClasses } from '../../rows/classes.ts';
import { loadTable, type Table, takeTableRows } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { usageError } from '../../system/errors.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { enoughHeldOut, heldOutTemperature, holdOut } from '../calibration/hold-out.ts';
import { checkFeatures, checkLoss, checkSolver, checkTrainingTable, savedArray } from '../checks.ts';
import { fittedHead, inMemory, savedFacts } from '../fitted-head.ts';
import { absentBias } from '../linear-head.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FitFacts, FittedHead, Head, HeadKind, Json } from '../model.ts';
import { type GivenParams, type ParamsOf, readParams } from '../parameters.ts';
import { type MlpSizes, type MlpWeights, mlpProbabilities, openMlpTrainer } from './network.ts';
import { addMlp } from './onnx.ts';

const solvers = ['adam'] as const;
const options = {
  hidden: {
    describe: 'units of the hidden layer',
    numbers: { min: 1, max: 65_536, whole: true },
    default: 256,
    simpler: 'smaller',
  },
  epochs: {
    describe: 'maximum number of passes over the training rows',
    numbers: { min: 1, whole: true },
    default: 200,
    simpler: 'smaller',
  },
  lr: { describe: 'learning rate', numbers: { above: 0 }, default: 0.001 },
  batch: { describe: 'rows per step', numbers: { min: 1, whole: true }, default: 256 },
  penalty: { describe: 'L2 penalty, as alpha in scikit-learn', numbers: { min: 0 }, default: 1e-4, simpler: 'larger' },
  validation: {
    describe: 'share of the training rows held out for early stopping; 0 for all epochs on all rows',
    numbers: { min: 0, max: 0.9 },
    default: 0.1,
  },
  patience: {
    describe: 'epochs without a better validation loss before it stops',
    numbers: { min: 1, whole: true },
    default: 10,
  },
} as const;

type Params = ParamsOf<typeof options>;
/** Parameters of the MLP, as given by callers of the library. */
export type MlpParams = GivenParams<typeof options, (typeof solvers)[number]>;

/** Clipping as in scikit-learn's log_loss, so that a confidently wrong row does not make the loss infinite. */
const smallestProbability = 1e-15;

/**
 * A network with one hidden ReLU layer, trained by Adam on mini-batches, with early stopping on a validation set: it
 * keeps the best weights.
 */
export const mlp: HeadKind = {
  model: 'mlp',
  solvers,
  options,
  autoCalibrate: () => 'temperature',
  autoSweep: () => ({ hidden: [128, 512], penalty: [1e-4, 1e-2, 1] }),
  create: (raw) => {
    const { params } = readParams({ solvers, options }, raw);
    if (params.validation === 0 && params.patience !== options.patience.default) {
      throw usageError('patience', String(params.patience), 'no patience without held-out rows', '--validation 0.1');
    }
    const mlpNeeds = ({ trainRows, dims, classes }: FitSize): MemoryPart[] => [
      // Weights, two moments, gradients, the best weights so far and the previous best.
      { what: 'state of Adam', bytes: (dims + classes) * params.hidden * (4 + 8 + 4 + 8) },
      { what: 'held-out rows', bytes: Math.ceil(4 * params.validation * trainRows * dims) },
      { what: 'a batch', bytes: 4 * Math.min(trainRows, params.batch) * (dims + params.hidden + 2 * classes) },
    ];
    return {
      model: 'mlp',
      solver: 'adam',
      params,
      ...inMemory(async (train, context) => (await fit(params, train, context)).fitted),
      temperature: {
        rowsAre: 'held-out',
        fits: (train) => Math.floor(params.validation * train.labels.length) >= enoughHeldOut,
        fit: async (given, context, judged) => {
          const train = await loadTable(given);
          const { fitted, held } = await fit(params, train, context);
          return { fitted, ...(await heldOutTemperature(fitted, train, held, { judged, signal: context.signal })) };
        },
        needs: mlpNeeds,
      },
      needs: mlpNeeds,
    } satisfies Head;
  },
  load: (saved) => {
    checkSolver(saved, solvers);
    const outputBias = savedArray(saved, 'outputBias', Float32Array, [saved.classes.length]);
    const hiddenBias = savedArray(saved, 'hiddenBias', Float32Array, [null]);
    const sizes = { dims: saved.dims, hidden: hiddenBias.length, classes: outputBias.length };
    const weights = {
      hiddenWeights: savedArray(saved, 'hiddenWeights', Float32Array, [sizes.dims, sizes.hidden]),
      hiddenBias,
      outputWeights: savedArray(saved, 'outputWeights', Float32Array, [sizes.hidden, sizes.classes]),
      outputBias,
    };
    return fitted(savedFacts(saved), sizes, weights, 1);
  },
  toOnnx: addMlp,
};

async function fit(
  params: Params,
  train: Table,
  context: FitContext,
): Promise<{ fitted: FittedHead; held: Int32Array }> {
  checkTrainingTable(train, 'mlp');
  const random = randomState(context.seed);
  const { features, classes } = train;
  const sizes = { dims: features.columnCount, hidden: params.hidden, classes: classes.length };
  const trainer = openMlpTrainer(
    sizes,
    {
      batchRows: Math.min(train.labels.length, params.batch),
      penalty: params.penalty,
      learningRate: params.lr,
      threads: context.threads,
    },
    random,
  );
  const { kept, held } = holdOut(train, params.validation, random);
  const heldTable = held.length === 0 ? undefined : takeTableRows(train, held);
  const order = kept.slice();

  let best = { loss: Number.POSITIVE_INFINITY, epoch: 0, weights: trainer.weights };
  const epochs: Json[] = [];
  let stopped = false;
  for (let epoch = 1; epoch <= params.epochs && !stopped; epoch++) {
    random.shuffle(order);
    let lossSum = 0;
    let weightSum = 0;
    for (let start = 0; start < order.length; start += params.batch) {
      await pauseForInterrupt(context.signal);
      const rows = order.subarray(start, start + params.batch);
      const { loss, weight } = await trainer.step(train, rows);
      lossSum += loss;
      weightSum += weight;
    }
    const trainLoss = lossSum / weightSum;
    checkLoss(trainLoss, epoch, 'mlp');
    if (heldTable === undefined) {
      epochs.push({ trainLoss });
    } else {
      const heldLoss = await meanLoss(trainer.weights, sizes, heldTable, context.threads);
      epochs.push({ trainLoss, heldLoss });
      if (heldLoss < best.loss) best = { loss: heldLoss, epoch, weights: copyWeights(trainer.weights) };
      stopped = epoch - best.epoch >= params.patience;
    }
    context.onProgress?.({ stage: 'epochs', done: epoch, total: params.epochs });
  }
  const early = heldTable !== undefined;
  const weights = early && best.epoch > 0 ? best.weights : copyWeights(trainer.weights);
  const present = new Set(presentClasses(train).present);
  weights.outputBias.forEach((_, c) => {
    if (!present.has(c)) weights.outputBias[c] = absentBias;
  });
  const converged = !early || stopped;
  const facts = {
    model: 'mlp',
    solver: 'adam',
    params,
    classes,
    dims: sizes.dims,
    converged,
    iterations: epochs.length,
    warnings: converged
      ? []
      : [`the validation loss was still falling after ${params.epochs} epochs: --epochs allows more`],
    details: {
      probabilities: 'softmax',
      iterationsAre: 'epochs',
      epochs,
      ...(early ? { bestEpoch: best.epoch, heldOutRows: held.length, heldOutLoss: best.loss } : {}),
    },
  };
  return { fitted: fitted(facts, sizes, weights, context.threads), held };
}

function fitted(facts: FitFacts, sizes: MlpSizes, weights: MlpWeights, threads: number): FittedHead {
  const { classes, details, converged, iterations } = facts;
  return fittedHead({
    ...facts,
    calibrated: false,
    predictBoth: async (features) => {
      checkFeatures(features, sizes.dims, 'mlp');
      const probabilities = await mlpProbabilities(weights, sizes, features, threads);
      return { predicted: largestPerRow(probabilities.data, classes.length), probabilities };
    },
    savedDetails: { ...details, converged, iterations },
    arrays: () => ({
      hiddenWeights: { shape: [sizes.dims, sizes.hidden], data: weights.hiddenWeights },
      hiddenBias: { shape: [sizes.hidden], data: weights.hiddenBias },
      outputWeights: { shape: [sizes.hidden, sizes.classes], data: weights.outputWeights },
      outputBias: { shape: [sizes.classes], data: weights.outputBias },
    }),
  });
}

async function meanLoss(weights: MlpWeights, sizes: MlpSizes, table: Table, threads: number): Promise<number> {
  const { data } = await mlpProbabilities(weights, sizes, table.features, threads);
  let lossSum = 0;
  let weightSum = 0;
  table.labels.forEach((label, row) => {
    const weight = table.sampleWeights?.[row] ?? 1;
    lossSum -= weight * Math.log(Math.max(smallestProbability, valueAt(data, row * sizes.classes + label)));
    weightSum += weight;
  });
  return lossSum / weightSum;
}

function copyWeights({ hiddenWeights, hiddenBias, outputWeights, outputBias }: MlpWeights): MlpWeights {
  return {
    hiddenWeights: hiddenWeights.slice(),
    hiddenBias: hiddenBias.slice(),
    outputWeights: outputWeights.slice(),
    outputBias: outputBias.slice(),
  };
}
