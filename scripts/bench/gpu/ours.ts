/** One contestant of `npm run bench -- gpu`: this project, on one device. argv[2]: its task, as a JSON file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backbone, PixelBatch, TapMap } from '../../../src/extract/backbone/backbone.ts';
import { averageMap, readBytes } from '../../../src/extract/backbone/gpu/open-on-gpu.ts';
import { openOnnxBackbone } from '../../../src/extract/backbone/onnx-backbone.ts';
import { openBackbone, openNetwork } from '../../../src/extract/backbone/open-backbone.ts';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import { resolveTap } from '../../../src/extract/backbone/taps.ts';
import { extract } from '../../../src/extract/extract.ts';
import { listImages } from '../../../src/extract/images/list/list.ts';
import { openPixelPipeline } from '../../../src/extract/images/pipeline/pipeline.ts';
import type { NetworkSource } from '../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import type { StateDict } from '../../../src/extract/weights/state-dict.ts';
import { halve, widened } from './half-network.ts';
import { stateDictOf } from './state-dict.ts';
import type { Line, Task } from './task.ts';

const task = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Task;
const { crop, resize } = task;
const preprocessing = choosePreprocessing({ resize, crop });

const say = (line: Line): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const secondsSince = (started: number): number => (performance.now() - started) / 1000;

if (task.decodeOnly === true) await decodeAlone();
else await measureNetwork();
process.exit(0);

async function decodeAlone(): Promise<void> {
  const { images } = await listImages(task.data);
  const pipeline = openPixelPipeline(preprocessing, { threads: task.cores });
  const started = performance.now();
  let count = 0;
  for await (const result of pipeline.decode(images)) count += result.outcome === 'pixels' ? 1 : 0;
  say({ decoding: { images: count, seconds: secondsSince(started) } });
  await pipeline.close();
}

async function measureNetwork(): Promise<void> {
  const weights = stateDictOf(await loadWeights(task.weights));
  const started = performance.now();
  const backbone = await open(weights);
  say({ opened: { version: backbone.engineVersion, seconds: secondsSince(started) } });
  const pixels = new Uint8Array(readFileSync(task.pixels));
  const imageBytes = crop * crop * 3;
  const imageCount = pixels.length / imageBytes;
  const rows = (from: number, rowCount: number): PixelBatch => ({
    rowCount,
    crop,
    bytesNHWC: pixels.subarray(from * imageBytes, (from + rowCount) * imageBytes),
  });
  const vectors = async (batch: PixelBatch): Promise<Float32Array> => poolRows(await backbone.run(batch), 'mean').data;

  for (const [index, batch] of task.batches.entries()) {
    const clock = performance.now();
    await vectors(rows(0, batch));
    const firstSeconds = secondsSince(clock);
    if (index === 0) {
      const features: Float32Array[] = [];
      for (let at = 0; at < task.comparedRows; at += batch) features.push(await vectors(rows(at, batch)));
      const bytes = features.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
      writeFileSync(task.features, Buffer.concat(bytes));
    }
    await vectors(rows(0, batch));
    const each: number[] = [];
    for (let round = 0; round < task.rounds; round++) {
      const begun = performance.now();
      let images = 0;
      for (let at = 0; secondsSince(begun) < task.roundSeconds; at = (at + batch) % (imageCount - batch + 1)) {
        await vectors(rows(at, batch));
        images += batch;
      }
      each.push(images / secondsSince(begun));
    }
    say({ network: { batch, firstSeconds, each } });
  }
  if (task.endToEndBatch > 0) await fromFiles(backbone, weights);
}

/** Builds the network of the task; `poolRows` and the feed do what the graph does not. */
async function open(stateDict: StateDict): Promise<Backbone> {
  const { device, engine, cores: threads } = task;
  const options = { preprocessing, device, threads };
  const weights = { kind: 'state-dict', stateDict } as const;
  if (engine === 'tensorflow') return openBackbone({ ...options, weights, engine, tap: 'avgpool' });
  let network = openNetwork(weights, crop);
  let tap = resolveTap(network, 'avgpool');
  if (task.feed === 'bytes') {
    network = averageMap(network, 'avgpool');
    tap = resolveTap(network, 'avgpool');
  }
  if (task.precision === 'float16') {
    network = halve(network, tap);
    tap = widened(tap);
  }
  if (task.feed === 'bytes') network = readBytes(network, preprocessing);
  return openOnnxBackbone(network, { ...options, tap });
}

/**
 * A complete extraction into a new feature set, with listing, hashing, writing and checkpoints, with the open network.
 */
async function fromFiles(backbone: Backbone, weights: StateDict): Promise<void> {
  const cache = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  const { engine, engineVersion, device, architecture } = backbone;
  // The set requests the tap's name, whatever the tensor's name in this graph.
  const tap = { ...backbone.tap, name: 'avgpool' };
  const run = (batch: PixelBatch): Promise<TapMap> => backbone.run(batch);
  const lent: Backbone = {
    ...{ engine, engineVersion, device, architecture, tap, taps: [tap], preprocessing, run },
    runAll: async (batch) => [await run(batch)],
    close: async () => undefined,
  };
  const source: NetworkSource = {
    architecture: weights.architecture,
    weightsSha256: weights.sha256,
    weights: task.weights,
    open: async () => lent,
    prepareInt8: () => Promise.reject(new Error('no int8 here')),
  };
  // Batch sizes of the run: one image for the canary, whole batches, and the smaller last batch.
  await backbone.run({ rowCount: 1, crop, bytesNHWC: new Uint8Array(crop * crop * 3) });
  try {
    const { newImages, seconds } = await extract({
      plan: {
        data: task.data,
        folder: join(cache, 'bench'),
        weights: source.weights,
        engine,
        device,
        tap: 'avgpool',
        pool: 'mean',
        preprocessing: { resize, crop },
        dtype: 'float32',
        precision: 'float32',
        seed: 0,
      },
      policy: { batch: task.endToEndBatch, threads: task.cores, allowMissing: true },
      context: { network: async () => source, command: 'npm run bench -- gpu', version: 'bench' },
    });
    const { total } = seconds;
    say({ endToEnd: { batch: task.endToEndBatch, images: newImages, seconds: total, steps: seconds } });
  } finally {
    await rm(cache, { recursive: true });
  }
}
