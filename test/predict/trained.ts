import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { seededRandom } from '../../scripts/demo/random.ts';
import { classify } from '../../src/classify/classify.ts';
import { joinLabels } from '../../src/classify/data/labelled-data.ts';
import type { Report } from '../../src/classify/result/report.ts';
import { extract } from '../../src/extract/extract.ts';
import { loadNetwork } from '../../src/extract/network-source.ts';
import type { Pool, Precision } from '../../src/features/manifest/manifest.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import type { Dtype } from '../../src/formats/npy/npy.ts';
import { createHead } from '../../src/models/registry.ts';
import { loadNetworkTail } from '../../src/predict/network-tail.ts';
import { fixture } from '../extract/backbone/fixtures.ts';
import { openPlainPipeline } from '../extract/drawn-data.ts';

export interface TrainedHeads {
  /** Photos, one folder per class: `red/red-00.png` and so on. */
  readonly data: string;
  readonly features: string;
  readonly weights: string;
  /** In the order of the requested models. */
  readonly reports: readonly Report[];
}

const hues: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [200, 60, 50],
  green: [60, 170, 80],
  blue: [60, 80, 190],
  'off, "white"': [215, 210, 200],
};

export interface TrainedOptions {
  readonly models: readonly (readonly [model: string, params: Readonly<Record<string, unknown>>])[];
  readonly perClass?: number;
  readonly repeats?: number;
  readonly checkLabels?: boolean;
  readonly dtype?: Dtype;
  readonly pool?: Pool;
  readonly tap?: string;
  /** The folder of a published network with its own preprocessing; default: a tiny ResNet. */
  readonly published?: string;
  /** One of its graphs. */
  readonly variant?: string;
  readonly precision?: Precision;
}

/** Generates photos of four colours, extracts them with a tiny ResNet and trains heads, in about a second. */
export async function trainHeads(root: string, options: TrainedOptions): Promise<TrainedHeads> {
  const data = join(root, 'photos');
  await drawPhotos(data, options.perClass ?? 10);
  const { published, variant } = options;
  const weights = published ?? join(root, 'resnet-tiny.safetensors');
  if (published === undefined) await copyFile(fixture('resnet-tiny.safetensors'), weights);
  const { folder } = await extract({
    plan: {
      data,
      folder: join(root, 'cache', 'photos'),
      weights,
      engine: 'auto',
      device: 'cpu',
      pool: options.pool,
      ...(options.tap === undefined ? {} : { tap: options.tap }),
      preprocessing: published === undefined ? { resize: 72, crop: 64 } : {},
      dtype: options.dtype ?? 'float32',
      precision: options.precision ?? 'float32',
      seed: 0,
    },
    policy: { batch: 8, threads: 1 },
    context: {
      network: () => loadNetwork(weights, { device: 'cpu', variant }),
      command: 'featuretap extract',
      version: '0.1.0',
      openPipeline: openPlainPipeline,
    },
  });
  const reports = await classify(await joinLabels(await openFeatureSet(folder), { maxMissing: 0 }), {
    heads: options.models.map(([model, params]) => createHead(model, params)),
    out: join(root, 'reports'),
    testSize: 0.3,
    seed: 0,
    repeats: options.repeats ?? 1,
    checkLabels: options.checkLabels ?? false,
    threads: 1,
    command: 'featuretap classify',
    loadNetworkTail,
  });
  return { data, features: folder, weights, reports };
}

/** Folders of photos generated before, by the number per class. */
const drawn = new Map<number, string>();

/** Blurred blobs of a class's colour over noise: all different, and separable by a tiny network. */
async function drawPhotos(root: string, perClass: number): Promise<void> {
  const before = drawn.get(perClass);
  if (before !== undefined && existsSync(before)) return cp(before, root, { recursive: true });
  drawn.set(perClass, root);
  const random = seededRandom(11);
  for (const [name, colour] of Object.entries(hues)) {
    await mkdir(join(root, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const [width, height] = [70 + Math.floor(random() * 30), 70 + Math.floor(random() * 30)];
      const pixels = new Uint8Array(width * height * 3);
      for (let p = 0; p < pixels.length; p++)
        pixels[p] = (colour[p % 3] as number) * (0.6 + 0.4 * random()) + 40 * random();
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(join(root, name, `${name.replace(/\W/g, '')}-${String(i).padStart(2, '0')}.png`));
    }
  }
}
