import type * as Ort from 'onnxruntime-node';
import type { DeviceName } from '../../features/manifest/manifest.ts';
import { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { float32Tensor, openGraph } from '../../numerics/graph-session.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import { float32Of } from '../../system/onnx-runtime.ts';
import { type GraphTensors, graphShapes } from './network/layout.ts';
import { type Sides, sidesBehind } from './network/positions.ts';
import { mapsInput } from './network/residual.ts';
import { addTrainingStep, type StepOptions, stepNames } from './network/step-graph.ts';
import { gradientOf, statisticsOf } from './network/step-tensors.ts';
import type { TailShape } from './network/tail.ts';
import { invariantThreads } from './network/threads.ts';
import { adamWStep, sgdStep } from './optimizers.kernel.ts';

interface TrainerOptions extends StepOptions {
  readonly optimizer: 'sgd' | 'adamw';
  readonly device: DeviceName;
  readonly momentum: number;
  /** For kernels and the last layer's weights; norms and biases have none. */
  readonly weightDecay: number;
}

export interface StepBatch {
  /** [rows, channels, height, width] */
  readonly maps: Float32Array;
  /** [rows, classes]: target probabilities times the row's share of the loss. */
  readonly targets: Float32Array;
  readonly rowCount: number;
}

/** Trains tensors in place. Owns native memory: `close()` it. */
export interface Trainer {
  /** The optimizer's state of each tensor, initially 0; part of a checkpoint. */
  readonly moments: ReadonlyMap<string, readonly Float32Array[]>;
  /**
   * One step of the optimizer.
   *
   * @param step counts from 1
   * @param rates learning rates of the last layer and of the blocks
   * @returns the loss before the step
   */
  step(batch: StepBatch, step: number, rates: { readonly head: number; readonly blocks: number }): Promise<number>;
  close(): Promise<void>;
}

/** Momentum of torch.nn.BatchNorm2d's running statistics. */
const statisticsShare = 0.1;

/**
 * @param tensors trained in place
 * @throws UserError if the device is not available; never falls back to the CPU
 */
export async function openTrainer(tail: TailShape, tensors: GraphTensors, options: TrainerOptions): Promise<Trainer> {
  const shapes = graphShapes(tail, options.classes);
  const graph = new GraphBuilder('finetune');
  const onProcessor = options.device === 'cpu';
  // Splitting products is for the CPU's caches, and the Winograd path uses a CPU operator.
  const onDevice = { ...options, rowsPerThread: Infinity, winograd: false };
  const products = addTrainingStep(graph, tail, onProcessor ? options : onDevice);
  const threads = invariantThreads(products, [options.batch, Math.max(1, options.batch - 1)], options.threads);
  const session = await openGraph(graph, threads, {
    // A memory pattern per batch size would take half as much memory again.
    enableMemPattern: false,
    executionProviders: onProcessor ? ['cpu'] : [options.device, 'cpu'],
  }).catch((error: unknown) => {
    throw onProcessor ? error : deviceMissing(options.device, error);
  });
  const tensorOf = (name: string): Ort.Tensor => float32Tensor(lookUp(tensors, name), shapes.get(name) ?? []);
  const inputs = Object.fromEntries(
    session.inputNames.filter((name) => tensors.has(name)).map((name) => [name, tensorOf(name)]),
  );
  const results: Record<string, Ort.Tensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) {
    if (!session.outputNames.includes(gradientOf(name))) continue;
    results[gradientOf(name)] = float32Tensor(new Float32Array(tensor.size), tensor.dims);
  }
  const trained = Object.keys(inputs).filter((name) => gradientOf(name) in results);
  const perTensor = options.optimizer === 'sgd' ? 1 : 2;
  const moments = new Map(
    trained.map((name) => {
      const { length } = lookUp(tensors, name);
      return [name, Array.from({ length: perTensor }, () => new Float32Array(length))] as const;
    }),
  );
  const norms = normsOf(tail).filter(({ norm }) => session.outputNames.includes(statisticsOf(norm).mean));
  const fetches = { ...Object.fromEntries(session.outputNames.map((name) => [name, null])), ...results };

  return {
    moments,
    step: async ({ maps, targets, rowCount }, step, rates) => {
      const found = await session.run(
        {
          ...inputs,
          [mapsInput]: float32Tensor(maps, [rowCount, ...tail.mapShape]),
          [stepNames.targets]: float32Tensor(targets, [rowCount, options.classes]),
        },
        fetches,
      );
      for (const name of trained) {
        const parameters = lookUp(tensors, name);
        const gradient = float32Of(results, gradientOf(name));
        const [first, second] = moments.get(name) ?? [];
        const isHead = name.startsWith('fc.');
        const decay = (shapes.get(name) ?? []).length > 1 ? options.weightDecay : 0;
        const own = { rate: isHead ? rates.head : rates.blocks, decay };
        if (first === undefined) continue;
        if (second === undefined) sgdStep(parameters, gradient, first, options.momentum, own);
        else adamWStep(parameters, gradient, first, second, step, own);
      }
      for (const { norm, rowsPerImage } of norms) {
        const { mean, variance } = statisticsOf(norm);
        const count = rowCount * rowsPerImage;
        moveTo(tensors.get(`${norm}.running_mean`), float32Of(found, mean), 1);
        moveTo(tensors.get(`${norm}.running_var`), float32Of(found, variance), count > 1 ? count / (count - 1) : 1);
      }
      return valueAt(float32Of(found, stepNames.loss), 0);
    },
    close: () => session.release(),
  };
}

function deviceMissing(device: DeviceName, error: unknown): UserError {
  return new UserError({
    what: `the steps of training cannot run on ${device}`,
    found: messageOf(error),
    expected: 'a device that ONNX Runtime opens',
    fix: '--device cpu, or one that featuretap devices says works',
  });
}

function normsOf({
  blocks,
  mapShape: [, height, width],
}: TailShape): readonly { norm: string; rowsPerImage: number }[] {
  const found: { norm: string; rowsPerImage: number }[] = [];
  let sides: Sides = { height, width };
  for (const { main, shortcut } of blocks) {
    for (const conv of main) {
      sides = sidesBehind(sides, conv);
      found.push({ norm: conv.norm, rowsPerImage: sides.height * sides.width });
    }
    if (shortcut !== undefined) found.push({ norm: shortcut.norm, rowsPerImage: sides.height * sides.width });
  }
  return found;
}

function moveTo(running: Float32Array | undefined, seen: Float32Array, factor: number): void {
  running?.forEach((value, channel) => {
    running[channel] = (1 - statisticsShare) * value + statisticsShare * factor * (seen[channel] as number);
  });
}
