import { takeInts, takeUints } from '../../numerics/arrays.kernel.ts';
import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import type { StepBatch } from './trainer.ts';

/** Number of batches per epoch, and rows of the largest; the others have at most one less. */
interface EpochPlan {
  readonly steps: number;
  readonly batch: number;
}

/** Divides rows into batches of at most `mostRows`, whose sizes differ by at most one. */
export function planEpoch(rowCount: number, mostRows: number): EpochPlan {
  const steps = Math.ceil(rowCount / mostRows);
  return { steps, batch: Math.ceil(rowCount / steps) };
}

/** Training rows in batches, in memory or on disk; the next batch is read while a step runs. */
export async function* batchesOf(
  table: Table<RowSource>,
  rows: Int32Array,
  { steps, batch }: EpochPlan,
  smoothing: number,
): AsyncGenerator<StepBatch & { readonly weight: number }> {
  const { columnCount } = table.features;
  const room = [new Float32Array(batch * columnCount), new Float32Array(batch * columnCount)] as const;
  const rowsOf = (step: number): Int32Array =>
    rows.subarray(Math.floor((step * rows.length) / steps), Math.floor(((step + 1) * rows.length) / steps));
  let reading = readMaps(table.features, rowsOf(0), room[0]);
  try {
    for (let step = 0; step < steps; step++) {
      const maps = await reading;
      const own = rowsOf(step);
      if (step + 1 < steps) {
        reading = readMaps(table.features, rowsOf(step + 1), room[(step + 1) % 2 === 0 ? 0 : 1]);
        // A failure is thrown when the batch is requested.
        reading.catch(() => undefined);
      }
      const labels = takeInts(table.labels, own);
      const weights = Array.from(own, (row) => table.sampleWeights?.[row] ?? 1);
      const targets = smoothTargets(labels, weights, table.classes.length, smoothing);
      const weight = weights.reduce((sum, each) => sum + each, 0);
      yield { maps, targets, rowCount: own.length, weight };
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

/** Copies rows of a source into an array, in the order given. */
async function readMaps(features: RowSource, rows: Int32Array, room: Float32Array): Promise<Float32Array> {
  const { columnCount } = features;
  const maps = room.subarray(0, rows.length * columnCount);
  if (isStored(features)) {
    await features.reader.readInto(takeUints(features.rows, rows), () => maps);
    features.change?.(maps);
  } else {
    for (const [i, row] of rows.entries()) {
      maps.set(features.data.subarray(row * columnCount, (row + 1) * columnCount), i * columnCount);
    }
  }
  return maps;
}

/** Shuffled rows for an epoch; `random` keeps its state between epochs. */
export function shuffled(rows: Int32Array, random: RandomState): Int32Array {
  const order = rows.slice();
  random.shuffle(order);
  return order;
}

/**
 * Target probabilities with label smoothing (Szegedy et al., 2016; `label_smoothing` of torch.nn.CrossEntropyLoss).
 * Each row is multiplied by its share of the loss, so that the loss of a batch is a weighted mean.
 *
 * @returns [rows, classes]
 */
export function smoothTargets(
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  classes: number,
  smoothing: number,
): Float32Array {
  const rowCount = labels.length;
  const total = Array.from(weights).reduce((sum, weight) => sum + weight, 0);
  const targets = new Float32Array(rowCount * classes);
  for (let row = 0; row < rowCount; row++) {
    const share = total > 0 ? valueAt(weights, row) / total : 0;
    const at = row * classes;
    targets.fill((share * smoothing) / classes, at, at + classes);
    targets[at + valueAt(labels, row)] = share * (1 - smoothing + smoothing / classes);
  }
  return targets;
}

/**
 * Learning rate schedule: linear warm-up, then cosine annealing to 0 (Loshchilov and Hutter, 2017, without restarts).
 */
interface Schedule {
  readonly steps: number;
  readonly warmupSteps: number;
}

/** A step's learning rate as a fraction of the maximum. @param step counts from 0 */
export function rateShare({ steps, warmupSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  return 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / (steps - warmupSteps)));
}
