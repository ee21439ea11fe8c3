/** One contestant of `npm run bench -- extract`: this project, with the same protocol as theirs.py. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepActivationRanges } from '../../../src/extract/activation-ranges.ts';
import type { Backbone, PixelBatch, TapMap } from '../../../src/extract/backbone/backbone.ts';
import { ortVersion } from '../../../src/extract/backbone/ort-session.ts';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import type { ActivationRanges } from '../../../src/extract/backbone/quantize/activation-ranges.ts';
import { activationRangesSha256 } from '../../../src/extract/backbone/quantize/activation-ranges-file.ts';
import { extract } from '../../../src/extract/extract.ts';
import { listImages } from '../../../src/extract/images/list/list.ts';
import { openPixelPipeline } from '../../../src/extract/images/pipeline/pipeline.ts';
import type { PixelPipeline } from '../../../src/extract/images/pipeline/pixel-result.ts';
import { loadNetwork, type NetworkSource } from '../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import { nodeFiles } from '../../../src/system/files.ts';
import type { Round, Task } from './contestant.ts';

const started = performance.now();
const task = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Task;
const precision = task.engine === 'featuretap int8' ? 'int8' : 'float32';
const { crop, resize, batch, threads } = task;
const preprocessing = choosePreprocessing({ resize, crop, interpolation: task.interpolation });
const [tap, pool] =
  task.network === 'vit-s14' ? (['last_hidden_state', 'cls'] as const) : (['avgpool', 'mean'] as const);
const bytes = new Uint8Array(readFileSync(task.pixels));
const imageBytes = crop * crop * 3;
const rows = (from: number, count: number) => ({
  rowCount: count,
  crop,
  bytesNHWC: bytes.subarray(from * imageBytes, (from + count) * imageBytes),
});
const imageCount = bytes.length / imageBytes;

const say = (fields: object): void => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};

const { backbone, source, activationRanges } = await open();
for (let at = 0; at < 2 * batch; at += batch) await backbone.run(rows(at, batch));
await keepFeatures();
say({ version: `ONNX Runtime ${ortVersion}`, batch, startSeconds: (performance.now() - started) / 1000 });
for await (const mode of createInterface({ input: process.stdin })) {
  resetPeak();
  say({ ...(mode === 'backbone' ? await backboneRound() : await endToEndRound()), peakBytes: readPeak() });
}
process.exit(0);

/** Resets the peak of resident memory on Linux; elsewhere it stays that of the whole process. */
function resetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}

function readPeak(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

async function keepFeatures(): Promise<void> {
  const features: Float32Array[] = [];
  for (let at = 0; at < Math.max(16, batch); at += batch) {
    features.push(poolRows(await backbone.run(rows(at, batch)), pool).data);
  }
  writeFileSync(task.features, Buffer.concat(features.map((part) => Buffer.from(part.buffer))));
}

interface Opened {
  readonly backbone: Backbone;
  readonly source: NetworkSource;
  readonly activationRanges: ActivationRanges | undefined;
}

/** Opens and calibrates the network once for all rounds, like the others. */
async function open(): Promise<Opened> {
  const network = await loadNetwork(task.weights, { device: 'cpu', threads });
  const sample = { seed: 0, images: [], pixels: rows(0, Math.min(16, imageCount)) };
  const int8 = precision === 'int8' ? await network.prepareInt8(preprocessing, tap, sample) : undefined;
  const backbone = int8?.backbone ?? (await network.open(preprocessing, tap));
  // A round closes its network, which the next round still needs.
  const shared = withoutClosing(backbone);
  const source = {
    architecture: network.architecture,
    weightsSha256: network.weightsSha256,
    weights: task.weights,
    open: async () => shared,
    prepareInt8: () => Promise.reject(new Error('the feature set already has the activation ranges')),
  };
  return { backbone, source, activationRanges: int8?.activationRanges };
}

function withoutClosing(backbone: Backbone): Backbone {
  const { engine, engineVersion, device, architecture, tap, taps } = backbone;
  const run = (batch: PixelBatch): Promise<TapMap> => backbone.run(batch);
  const runAll = (batch: PixelBatch): Promise<readonly TapMap[]> => backbone.runAll(batch);
  const close = async (): Promise<void> => undefined;
  return { engine, engineVersion, device, architecture, tap, taps, preprocessing, run, runAll, close };
}

type Measured = Pick<Round, 'images' | 'seconds' | 'processorSeconds'>;

/** Processor seconds since the given usage. */
function processorSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function backboneRound(): Promise<Measured> {
  const used = process.cpuUsage();
  const clock = performance.now();
  let images = 0;
  for (let at = 0; at + batch <= imageCount; at += batch, images += batch) {
    poolRows(await backbone.run(rows(at, batch)), pool);
  }
  return { images, seconds: (performance.now() - clock) / 1000, processorSeconds: processorSecondsSince(used) };
}

/** Decoding threads that have read some images: the others' processes are started before the clock, too. */
async function startedPipeline(): Promise<PixelPipeline> {
  const pipeline = openPixelPipeline(preprocessing, { threads });
  const { images } = await listImages(task.data);
  for await (const result of pipeline.decode(images.slice(0, 8 * threads))) void result;
  return pipeline;
}

/** A complete extraction into a new feature set, with listing, hashing, writing and checkpoints. */
async function endToEndRound(): Promise<Measured> {
  const pipeline = await startedPipeline();
  const cache = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    if (activationRanges !== undefined) {
      await mkdir(join(cache, 'bench'));
      const sha256 = activationRangesSha256(activationRanges);
      await keepActivationRanges(nodeFiles, join(cache, 'bench'), { activationRanges, sha256 });
    }
    const used = process.cpuUsage();
    const { newImages, seconds } = await extract({
      plan: {
        data: task.data,
        folder: join(cache, 'bench'),
        weights: source.weights,
        engine: 'auto',
        device: 'cpu',
        tap,
        pool,
        preprocessing: { resize, crop, interpolation: task.interpolation },
        dtype: 'float32',
        precision,
        seed: 0,
      },
      policy: { batch, threads, allowMissing: true },
      context: {
        network: async () => source,
        command: 'npm run bench -- extract',
        version: 'bench',
        openPipeline: () => pipeline,
      },
    });
    return { images: newImages, seconds: seconds.total, processorSeconds: processorSecondsSince(used) };
  } finally {
    await rm(cache, { recursive: true });
  }
}
