/** One contestant of `npm run bench -- extract`: this project, by the same protocol as theirs.py. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Backbone } from '../../../src/extract/backbone/backbone.ts';
import { openBackbone, quantizable } from '../../../src/extract/backbone/open-backbone.ts';
import { ortVersion } from '../../../src/extract/backbone/ort-session.ts';
import { prepareInt8 } from '../../../src/extract/backbone/quantize/open-int8.ts';
import { extract } from '../../../src/extract/extract.ts';
import { loadNetwork } from '../../../src/extract/network-source.ts';
import { poolRows } from '../../../src/extract/pool.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import type { Task } from './contestant.ts';

const started = performance.now();
const task = JSON.parse(process.argv[2] as string) as Task;
const precision = task.engine === 'featuretap int8' ? 'int8' : 'float32';
const { crop, resize, batch, threads } = task;
const preprocessing = choosePreprocessing({ resize, crop }, undefined);
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

if (task.mode === 'backbone') await takeBackboneTurns();
else await takeTurns(endToEndRound);
say({ peakBytes: process.resourceUsage().maxRSS * 1024 });
process.exit(0);

async function takeBackboneTurns(): Promise<void> {
  const backbone = await open();
  for (let at = 0; at < 2 * batch; at += batch) await backbone.run(rows(at, batch));
  const features: Float32Array[] = [];
  for (let at = 0; at < Math.max(16, batch); at += batch) {
    features.push(poolRows(await backbone.run(rows(at, batch)), 'mean').data);
  }
  writeFileSync(task.features, Buffer.concat(features.map((part) => Buffer.from(part.buffer))));
  await takeTurns(() => backboneRound(backbone));
}

async function takeTurns(round: () => Promise<object>): Promise<void> {
  say({ version: `ONNX Runtime ${ortVersion}`, startSeconds: (performance.now() - started) / 1000 });
  for await (const _turn of createInterface({ input: process.stdin })) say(await round());
}

async function open(): Promise<Backbone> {
  const weights = await loadWeights(task.weights);
  if (precision === 'float32') {
    return openBackbone({ weights, tap: 'avgpool', preprocessing, device: 'cpu', threads });
  }
  const options = { weights: quantizable(weights), tap: 'avgpool', preprocessing, threads };
  const sample = { seed: 0, images: [], pixels: rows(0, Math.min(16, imageCount)) };
  return (await prepareInt8(options, sample)).backbone;
}

async function backboneRound(backbone: Backbone): Promise<object> {
  const clock = performance.now();
  let images = 0;
  for (let at = 0; at + batch <= imageCount; at += batch, images += batch) {
    poolRows(await backbone.run(rows(at, batch)), 'mean');
  }
  return { images, seconds: (performance.now() - clock) / 1000 };
}

/** A whole extraction into a fresh feature set; opening the network (and calibrating it) is told apart. */
async function endToEndRound(): Promise<object> {
  const cache = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    const result = await extract({
      data: task.data,
      name: 'bench',
      cache,
      network: () => loadNetwork(task.weights, { device: 'cpu', threads }),
      tap: 'avgpool',
      pool: 'mean',
      preprocessing: { resize, crop },
      dtype: 'float32',
      precision,
      batch,
      threads,
      allowMissing: true,
      command: 'npm run bench -- extract',
      version: 'bench',
    });
    const { total, open: openSeconds } = result.seconds;
    return { images: result.newImages, seconds: total - openSeconds, openSeconds };
  } finally {
    await rm(cache, { recursive: true });
  }
}
