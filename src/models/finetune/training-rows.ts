import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { smoothTargets } from './targets.ts';
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

/**
 * Training rows in batches, in memory or on disk; the next batch is read while a step runs.
 *
 * @param rows of the table, in the order of the epoch
 */
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
      const labels = Array.from(own, (row) => valueAt(table.labels, row));
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
    const places = Uint32Array.from(rows, (row) => valueAt(features.rows, row));
    await features.reader.readInto(places, () => maps);
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
