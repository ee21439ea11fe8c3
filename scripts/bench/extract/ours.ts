/** One contestant of `npm run bench -- extract`: this project, by the same protocol as theirs.py. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepActivationRanges } from '../../../src/extract/activation-ranges.ts';
import type { Backbone, PixelBatch, TapMap } from '../../../src/extract/backbone/backbone.ts';
import { openBackbone, stateDictOf } from '../../../src/extract/backbone/open-backbone.ts';
import { ortVersion } from '../../../src/extract/backbone/ort-session.ts';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import type { ActivationRanges } from '../../../src/extract/backbone/quantize/activation-ranges.ts';
import { activationRangesSha256 } from '../../../src/extract/backbone/quantize/activation-ranges-file.ts';
import { prepareInt8 } from '../../../src/extract/backbone/quantize/open-int8.ts';
import { extract } from '../../../src/extract/extract.ts';
import type { NetworkSource } from '../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { nodeFiles } from '../../../src/system/files.ts';
import type { Task } from './contestant.ts';

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
  forgetPeak();
  const used = process.cpuUsage();
  const round = mode === 'backbone' ? await backboneRound() : await endToEndRound();
  const { user, system } = process.cpuUsage(used);
  say({ ...round, processorSeconds: (user + system) / 1e6, peakBytes: readPeak() });
}
process.exit(0);

/** Linux starts the peak of resident memory again on this; elsewhere it stays that of the whole process. */
function forgetPeak(): void {
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

/** Opens the network (and calibrates it) once, as the others do, for all rounds. */
async function open(): Promise<Opened> {
  const weights = await loadWeights(task.weights);
  const options = { tap, preprocessing, threads };
  const sample = { seed: 0, images: [], pixels: rows(0, Math.min(16, imageCount)) };
  const int8 =
    precision === 'int8' ? await prepareInt8({ ...options, weights: stateDictOf(weights) }, sample) : undefined;
  const backbone = int8?.backbone ?? (await openBackbone({ ...options, weights, device: 'cpu' }));
  // A round closes what it is lent; the next one needs it again.
  const lent = lend(backbone);
  const source = {
    architecture: backbone.architecture,
    weightsSha256: weights.kind === 'onnx' ? weights.sha256 : weights.stateDict.sha256,
    weights: task.weights,
    open: async () => lent,
    prepareInt8: () => Promise.reject(new Error('the calibration lies in the feature set already')),
  };
  return { backbone, source, activationRanges: int8?.activationRanges };
}

function lend(backbone: Backbone): Backbone {
  const { engine, engineVersion, device, architecture, tap, taps } = backbone;
  const run = (batch: PixelBatch): Promise<TapMap> => backbone.run(batch);
  const runAll = (batch: PixelBatch): Promise<readonly TapMap[]> => backbone.runAll(batch);
  const close = async (): Promise<void> => undefined;
  return { engine, engineVersion, device, architecture, tap, taps, preprocessing, run, runAll, close };
}

async function backboneRound(): Promise<{ readonly images: number; readonly seconds: number }> {
  const clock = performance.now();
  let images = 0;
  for (let at = 0; at + batch <= imageCount; at += batch, images += batch) {
    poolRows(await backbone.run(rows(at, batch)), pool);
  }
  return { images, seconds: (performance.now() - clock) / 1000 };
}

/** A whole extraction into a fresh feature set: listing, hashing, writing and checkpoints too. */
async function endToEndRound(): Promise<{ readonly images: number; readonly seconds: number }> {
  const cache = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    if (activationRanges !== undefined) {
      await mkdir(join(cache, 'bench'));
      const sha256 = activationRangesSha256(activationRanges);
      await keepActivationRanges(nodeFiles, join(cache, 'bench'), { activationRanges, sha256 });
    }
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
      context: { network: async () => source, command: 'npm run bench -- extract', version: 'bench' },
    });
    return { images: newImages, seconds: seconds.total };
  } finally {
    await rm(cache, { recursive: true });
  }
}
