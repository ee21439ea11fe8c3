import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { Backbone, PixelBatch, TapMap } from '../../src/extract/backbone/backbone.ts';
import { drawCanary } from '../../src/extract/canary.ts';
import type { FilePixels } from '../../src/extract/images/pipeline/pixel-protocol.ts';
import { PixelReader } from '../../src/extract/images/pipeline/pixel-reader.ts';
import type {
  PixelPipeline,
  PixelPipelineOptions,
  PixelRecipe,
  PixelResult,
} from '../../src/extract/images/pipeline/pixel-result.ts';
import type { NetworkSource } from '../../src/extract/network-source.ts';
import {
  type ExtractContext,
  type ExtractPlan,
  type ExtractPolicy,
  type ExtractRequest,
  featureFolder,
} from '../../src/extract/plan.ts';
import { quickFiles } from '../features/run/faulty-files.ts';

/** Writes a small image of noise that depends only on `seed`; seeds equal modulo 5 give files of one size. */
export async function drawImage(path: string, seed: number): Promise<void> {
  const side = 12 + (seed % 5);
  const data = new Uint8Array(side * side * 3);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    await sharp(data, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

/** One folder per class: `class-0/image-000.png` and so on. */
export async function drawFolder(root: string, count: number, classes = 3): Promise<void> {
  for (let i = 0; i < count; i++) await drawImage(join(root, imagePath(i, classes)), i);
}

export function imagePath(i: number, classes = 3): string {
  return `class-${i % classes}/image-${String(i).padStart(3, '0')}.png`;
}

/** A network that is simple to check: 4 channels of 2 x 2, each the sum of a quarter of the pixels. */
export class CountingNetwork implements NetworkSource {
  readonly architecture: string = 'quarters';
  readonly weightsSha256: string;
  readonly weights: string = 'random';
  opened = 0;
  /** Batch size of each run, in order, without the canary's. */
  readonly batches: number[] = [];
  /** Factor of all outputs, to imitate another engine. */
  scale = 1;
  /** Called before each run. */
  beforeRun: (run: number) => void = () => {};

  constructor(name = 'quarters') {
    this.weightsSha256 = createHash('sha256').update(name).digest('hex');
  }

  get imageCount(): number {
    return this.batches.reduce((sum, count) => sum + count, 0);
  }

  async open(preprocessing: Backbone['preprocessing'], tap: string | readonly string[]): Promise<Backbone> {
    this.opened++;
    const canary = drawCanary(preprocessing).bytesNHWC;
    const taps = [tap].flat().map((name) => ({ name, tensor: name, shape: [4, 2, 2] }));
    // Each tap has different numbers.
    const maps = (batch: PixelBatch): readonly TapMap[] =>
      taps.map(({ name }) => quarters(batch, this.scale * (name === 'layer3' ? 2 : 1)));
    const runAll = async (batch: PixelBatch): Promise<readonly TapMap[]> => {
      if (Buffer.compare(batch.bytesNHWC, canary) === 0) return maps(batch);
      this.beforeRun(this.batches.length);
      this.batches.push(batch.rowCount);
      return maps(batch);
    };
    return {
      engine: 'onnx',
      engineVersion: '0',
      device: 'cpu',
      architecture: this.architecture,
      tap: taps[0]!,
      taps,
      preprocessing,
      run: async (batch) => (await runAll(batch))[0]!,
      runAll,
      close: async () => {},
    };
  }

  prepareInt8(): Promise<never> {
    throw new Error('this network has no weights to quantize');
  }
}

function quarters({ rowCount, crop, bytesNHWC }: PixelBatch, scale: number): TapMap {
  const data = new Float32Array(rowCount * 16);
  const bytes = crop * crop * 3;
  for (let row = 0; row < rowCount; row++) {
    for (let at = 0; at < bytes; at++) {
      const channel = Math.min(3, Math.floor((at * 4) / bytes));
      for (let position = 0; position < 4; position++) {
        data[row * 16 + channel * 4 + position]! +=
          ((bytesNHWC[row * bytes + at] as number) * (position + 1) * scale) / 1000;
      }
    }
  }
  return { rowCount, rowShape: [4, 2, 2], data };
}

/** Pixels by recipe and sha256: tests run a thousand times over the same few images. */
const decoded = new Map<string, FilePixels>();

/** The pixel pipeline without threads, which take longer to start than these tests to run. */
export function openPlainPipeline(recipe: PixelRecipe, options: PixelPipelineOptions = {}): PixelPipeline {
  const known = new Set(options.known);
  const reader = new PixelReader(recipe, (sha256) => known.has(sha256));
  return {
    recipe,
    threads: 1,
    async *decode(images) {
      for await (const image of images) {
        options.signal?.throwIfAborted();
        const sha256 = image.entry === undefined ? hashOfFile(image.path) : undefined;
        const key = JSON.stringify([recipe, sha256]);
        const before = sha256 === undefined || known.has(sha256) ? undefined : decoded.get(key);
        const file = before ?? (await reader.read(image.path, image.entry));
        if (file.outcome === 'pixels' && sha256 !== undefined) decoded.set(key, file);
        yield { image, ...file } as PixelResult;
      }
    },
    close: async () => {},
  };
}

/** Undefined where the image cannot be read. */
function hashOfFile(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return undefined;
  }
}

/** Options of any group that a test changes. */
export interface RunChanges extends Partial<ExtractPlan>, Partial<ExtractPolicy>, Partial<ExtractContext> {
  readonly name?: string;
  readonly cache?: string;
}

/**
 * Runs extract over a generated folder into `DATA-cache/set`: batches of 4, shards of 8 rows, a checkpoint per batch.
 */
export function drawnRun(data: string, network: NetworkSource, changes: RunChanges = {}): ExtractRequest {
  const all = {
    data,
    name: 'set',
    cache: `${data}-cache`,
    weights: 'random',
    engine: 'auto',
    device: 'auto',
    seed: 0,
    tap: 'avgpool',
    pool: 'mean',
    preprocessing: { resize: 10, crop: 8 },
    dtype: 'float32',
    precision: 'float32',
    batch: 4,
    threads: 1,
    // 8 rows of 4 float32 numbers: two batches.
    shardBytes: 128,
    checkpointSeconds: 0,
    network: async () => network,
    command: 'featuretap extract',
    version: '0.1.0',
    openPipeline: openPlainPipeline,
    files: quickFiles,
    ...changes,
  } as const;
  return { plan: { ...all, folder: featureFolder(all.data, all.cache, all.name) }, policy: all, context: all };
}
