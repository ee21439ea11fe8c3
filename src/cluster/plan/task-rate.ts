import type { Backbone } from '../../extract/backbone/backbone.ts';
import { usableCores } from '../../extract/backbone/processor.ts';
import { type MeasuredSpeed, measuredSpeeds, type WorkFields } from '../../extract/explain/speed.ts';
import type { ImageFile } from '../../extract/images/list/image-file.ts';
import { openPixelPipeline } from '../../extract/images/pipeline/pipeline.ts';
import type { ViewRecipe } from '../../extract/images/views/views.ts';
import type { NetworkSource } from '../../extract/network-source.ts';
import { pixelBatches } from '../../extract/pixel-batches.ts';
import type { DeviceName, Precision, Preprocessing } from '../../features/manifest/manifest.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import { counted } from '../../system/printable.ts';

/** Expected images per second of a task. */
export interface TaskRate {
  readonly rate: number;
  /** Source of the figure, as one line. */
  readonly source: string;
}

/** Resources of a task. */
interface TaskShape {
  readonly cpus: number;
  readonly gpus: number;
}

/** Sample size: enough for a steady state; a few seconds with a ResNet50 on two cores. */
const sampleSize = 64;

/** The rate of the last run most similar to a task; undefined if none was measured. */
export async function rateOfLastRun(
  files: Files,
  folder: string,
  fields: WorkFields,
  task: TaskShape,
): Promise<TaskRate | undefined> {
  const speeds: MeasuredSpeed[] = [];
  for await (const speed of measuredSpeeds(files, folder, fields)) speeds.push(speed);
  const best = speeds.find(({ device }) => (device === 'cpu') === (task.gpus === 0));
  // A GPU's speed does not apply to a CPU; a CPU's is a lower bound for a GPU.
  const speed = best ?? (task.gpus > 0 ? speeds[0] : undefined);
  return speed && rateForTask(speed, task, 'measured by the last run');
}

interface MeasureRequest {
  readonly images: readonly ImageFile[];
  readonly network: NetworkSource;
  readonly preprocessing: Preprocessing;
  readonly tap: string;
  readonly precision: Precision;
  readonly batch: number;
  readonly views?: ViewRecipe | undefined;
  readonly task: TaskShape;
  readonly signal?: AbortSignal;
}

/**
 * Measures the rate of `extract` on a few images of the folder. An int8 network is measured in float32, which is
 * slower, because calibration would take longer than the measurement.
 *
 * @throws UserError if none of these images can be read
 */
export async function measureRate(request: MeasureRequest): Promise<TaskRate> {
  const { images, network, preprocessing, tap, precision, batch, views, task, signal } = request;
  const sample = spread(images, sampleSize);
  const cores = usableCores();
  const recipe = { ...preprocessing, views };
  let backbone: Backbone | undefined;
  const pipeline = openPixelPipeline(recipe, { threads: cores, startNow: true, signal });
  try {
    backbone = await network.open(preprocessing, tap);
    const started = performance.now();
    let measured = 0;
    const room = (): number => Math.max(1, Math.floor(batch / (1 + (views?.count ?? 0))));
    for await (const batchOf of pixelBatches(pipeline.decode(sample), recipe, room, () => false)) {
      await backbone.run(batchOf.pixels);
      measured += batchOf.images.length;
    }
    if (measured === 0) {
      throw new UserError({
        what: 'the speed cannot be measured: none of a sample of the images can be read',
        where: sample[0]?.path ?? 'the data folder',
        fix: 'look at that file, or say how fast a task is: --rate IMAGES_PER_SECOND',
      });
    }
    const seconds = (performance.now() - started) / 1000;
    const how = `measured on ${measured} of the images${precision === 'int8' ? ' in float32' : ''}`;
    return rateForTask({ device: backbone.device, cores, images: measured, seconds }, task, how);
  } finally {
    await pipeline.close();
    await backbone?.close();
  }
}

/** Converts a measured speed to a task's, assuming proportionality to the cores on a CPU. */
export function rateForTask(speed: MeasuredSpeed, { cpus, gpus }: TaskShape, how: string): TaskRate {
  const { device, cores, images, seconds } = speed;
  const rate = images / seconds;
  if (gpus > 0) {
    const where =
      device === 'cpu' ? `on ${counted(cores, 'core')} without a GPU: one is faster` : `on ${nameOf(device)}`;
    return { rate, source: `${how} ${where}` };
  }
  if (cores === cpus) return { rate, source: `${how} on ${counted(cores, 'core')}` };
  return { rate: (rate * cpus) / cores, source: `${how} on ${counted(cores, 'core')}, times ${cpus}/${cores}` };
}

function nameOf(device: DeviceName): string {
  return device === 'cuda' ? 'a GPU (CUDA)' : device === 'webgpu' ? 'a GPU (WebGPU)' : 'the CPU';
}

/** At most `count` items, evenly spaced. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => valueAt(items, Math.floor((i * items.length) / count)));
}
