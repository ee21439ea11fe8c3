import { randomState } from '../../numerics/mt19937.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { holdOut } from '../calibration/hold-out.ts';
import { checkLoss, checkSeveralClasses, checkTrainingTable } from '../checks.ts';
import { absentBias } from '../linear-head.ts';
import type { FitContext, FittedHead, HeadKind } from '../model.ts';
import { type BestSoFar, openCheckpoint, resumeFrom, stateOf } from './checkpoint.ts';
import { featureCountOf } from './network/tail.ts';
import type { TuneParams } from './options.ts';
import { startTensors } from './start.ts';
import { frozenBlocks, tailOf } from './trained-blocks.ts';
import { openTrainer, type Trainer } from './trainer.ts';
import { batchesOf, planEpoch, rateShare, shuffled } from './training-rows.ts';
import { type HeldOutFigures, heldOutFigures, tunedHead } from './tuned-head.ts';

interface TuneOptions {
  readonly params: TuneParams;
  readonly solver: 'sgd' | 'adamw';
  /** Head that initializes the last layer. */
  readonly linear: HeadKind;
}

/** Figures of an epoch; epoch 0 is the initial state. */
export interface EpochFigures {
  readonly epoch: number;
  readonly trainLoss?: number;
  readonly heldLoss?: number;
  readonly heldAccuracy?: number;
}

/**
 * Trains the blocks after the tap and a last layer on feature maps in memory or on disk; `held` is the validation set.
 *
 * @throws UserError if the rows cannot be trained on; InterruptedError on Ctrl-C, with a checkpoint of the last epoch
 */
export async function tune(
  whole: Table<RowSource>,
  options: TuneOptions,
  context: FitContext,
): Promise<{ fitted: FittedHead; held: Int32Array }> {
  const { params, solver } = options;
  checkTrainingTable(whole, 'finetune');
  const tail = await tailOf(context, whole.features.columnCount);
  const { table, present } = checkSeveralClasses(whole, 'finetune');
  const frozen = frozenBlocks(tail, params.from);
  const random = randomState(context.seed);
  const { kept, held } = holdOut(table, params.validation, random);
  const checked = held.filter((row) => table.plainRowOf === undefined || table.plainRowOf[row] === row);
  const heldTable = checked.length === 0 ? undefined : takeTableRows(table, checked);

  const recipe = { params, solver, seed: context.seed, weights: tail.weightsSha256, tap: tail.tap };
  const checkpoint = openCheckpoint(context.checkpoints, whole, recipe);
  const state = await checkpoint?.read();
  const start = { ...options, random };
  const tensors = await startTensors(tail, table, kept, { ...start, resumed: state !== undefined }, context);
  const plan = planEpoch(kept.length, params.batch);
  const schedule = {
    steps: plan.steps * params.epochs,
    warmupSteps: Math.min(Math.round(plan.steps * params.warmup), plan.steps * params.epochs),
  };
  const { momentum, weightDecay, batchNorm, device } = params;
  const trainer = await openTrainer(tail, tensors, {
    classes: table.classes.length,
    batch: plan.batch,
    frozenBlocks: frozen,
    optimizer: solver,
    threads: context.threads,
    ...{ momentum, weightDecay, batchNorm, device },
  });
  try {
    const judge = async (): Promise<HeldOutFigures | undefined> =>
      heldTable && heldOutFigures({ tail, tensors }, heldTable, context);
    const reached = resumeFrom(state, tensors, trainer);
    const figures: EpochFigures[] = [...(reached?.figures ?? [])];
    let best: BestSoFar | undefined = reached?.best;
    if (reached === undefined && heldTable !== undefined) {
      const found = await judge();
      figures.push({ epoch: 0, ...found });
      best = { epoch: 0, loss: found?.heldLoss ?? Number.POSITIVE_INFINITY, tensors: copyOf(tensors) };
      reportEpoch(0, figures, context, params, 0, undefined);
    }
    // The order of each epoch depends on the previous ones.
    for (let epoch = 1; epoch <= (reached?.epoch ?? 0); epoch++) shuffled(kept, random);
    for (let epoch = (reached?.epoch ?? 0) + 1; epoch <= params.epochs && !isOver(best, epoch - 1, params); epoch++) {
      const begun = performance.now();
      const first = (epoch - 1) * plan.steps;
      const trainLoss = await oneEpoch(trainer, table, shuffled(kept, random), epoch);
      const found = await judge();
      figures.push({ epoch, trainLoss, ...found });
      if (found !== undefined && found.heldLoss < (best?.loss ?? Number.POSITIVE_INFINITY)) {
        best = { epoch, loss: found.heldLoss, tensors: copyOf(tensors) };
      }
      await checkpoint?.write(stateOf(epoch, figures, best, tensors, trainer));
      reportEpoch(epoch, figures, context, params, rateShare(schedule, first), (performance.now() - begun) / 1000);
    }
    return { fitted: finished(best?.tensors ?? copyOf(tensors), figures, best), held };
  } finally {
    await trainer.close();
  }

  async function oneEpoch(
    trainer: Trainer,
    train: Table<RowSource>,
    order: Int32Array,
    epoch: number,
  ): Promise<number> {
    let [lossSum, weightSum, step] = [0, 0, (epoch - 1) * plan.steps];
    for await (const { weight, ...batch } of batchesOf(train, order, plan, params.labelSmoothing)) {
      await pauseForInterrupt(context.signal);
      const share = rateShare(schedule, step);
      step++;
      if (weight === 0) continue;
      const rates = { head: share * params.lr, blocks: share * (params.backboneLr ?? params.lr / 10) };
      lossSum += weight * (await trainer.step(batch, step, rates));
      weightSum += weight;
      const rowsRead = (step * order.length) / plan.steps;
      const rows = { rowsRead: Math.round(rowsRead), rowsToRead: params.epochs * order.length };
      context.onProgress?.({
        stage: 'epochs',
        done: epoch - 1,
        total: params.epochs,
        loss: lossSum / weightSum,
        ...rows,
      });
    }
    checkLoss(lossSum, epoch, 'finetune', '--lr and --backbone-lr lower the learning rates');
    return lossSum / weightSum;
  }

  function finished(
    trained: Map<string, Float32Array>,
    figures: readonly EpochFigures[],
    best: BestSoFar | undefined,
  ): FittedHead {
    const { mapShape, blocks, normEpsilon } = tail;
    const tensors = withAllClasses(trained, present, whole.classes.length, featureCountOf(tail));
    return tunedHead(
      { tail: { mapShape, blocks, normEpsilon }, tensors },
      {
        model: 'finetune',
        solver,
        params,
        classes: whole.classes,
        dims: whole.features.columnCount,
        converged: true,
        iterations: figures.at(-1)?.epoch ?? 0,
        warnings: best?.epoch === 0 ? ['no epoch improved the validation loss: the network is kept as it was'] : [],
        details: {
          probabilities: 'softmax',
          iterationsAre: 'epochs',
          epochs: figures.map((each) => ({ ...each })),
          trainedBlocks: tail.blocks.slice(frozen).map(({ name }) => name),
          weightsSha256: tail.weightsSha256,
          ...(best === undefined ? {} : { bestEpoch: best.epoch, heldOutRows: held.length, heldOutLoss: best.loss }),
        },
      },
      context.threads,
    );
  }
}

/** Early stopping: whether there has been no better epoch for `patience` epochs. */
function isOver(best: BestSoFar | undefined, epoch: number, { patience }: TuneParams): boolean {
  return best !== undefined && epoch - best.epoch >= patience;
}

function copyOf(tensors: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  return new Map([...tensors].map(([name, data]) => [name, data.slice()]));
}

/** The last layer with a row for every class; classes without training rows get probability 0. */
function withAllClasses(
  tensors: Map<string, Float32Array>,
  present: Int32Array,
  classCount: number,
  features: number,
): Map<string, Float32Array> {
  if (present.length === classCount) return tensors;
  const [weight, bias] = [tensors.get('fc.weight'), tensors.get('fc.bias')];
  const all = { weight: new Float32Array(classCount * features), bias: new Float32Array(classCount).fill(absentBias) };
  present.forEach((c, i) => {
    all.bias[c] = bias?.[i] ?? 0;
    all.weight.set(weight?.subarray(i * features, (i + 1) * features) ?? [], c * features);
  });
  return new Map([...tensors, ['fc.weight', all.weight], ['fc.bias', all.bias]]);
}

function reportEpoch(
  epoch: number,
  figures: readonly EpochFigures[],
  { onProgress }: FitContext,
  { epochs, lr }: TuneParams,
  share: number,
  seconds: number | undefined,
): void {
  const { trainLoss, heldLoss, heldAccuracy } = figures.at(-1) ?? {};
  const parts = [
    epoch === 0 ? 'before training' : `epoch ${epoch}/${epochs}`,
    ...(trainLoss === undefined ? [] : [`lr ${(share * lr).toPrecision(2)}, training loss ${trainLoss.toFixed(4)}`]),
    ...(heldLoss === undefined ? [] : [`validation loss ${heldLoss.toFixed(4)}`]),
    ...(heldAccuracy === undefined ? [] : [`correct ${(100 * heldAccuracy).toFixed(1)} %`]),
    ...(seconds === undefined ? [] : [`${seconds.toFixed(1)} s`]),
  ];
  const [start, ...rest] = parts;
  onProgress?.({ stage: 'epochs', done: epoch, total: epochs, message: `${start}: ${rest.join(', ')}` });
}
