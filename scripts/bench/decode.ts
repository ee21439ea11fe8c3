import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageFile } from '../../src/extract/images/list/image-file.ts';
import { listImages } from '../../src/extract/images/list/list.ts';
import { openPixelPipeline } from '../../src/extract/images/pipeline/pipeline.ts';
import { drawPhotos } from '../demo/draw.ts';
import { resizeCost } from './decode/resize-cost.ts';
import { findPeer, peerEnvironment } from './peers/python.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';

const purpose = `Measures images per second from file to network input, compared with Pillow and torchvision.`;

interface Round {
  readonly imagesPerSecond: number;
  /** Mean milliseconds per image of each step, in its thread; this project only. */
  readonly milliseconds?: { readonly read: number; readonly decode: number; readonly resize: number };
}

const resize = 256;
const crop = 224;
/** Images whose resize is timed separately. */
const mostResized = 200;

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'decode', purpose, {
    data: ['photos to read (default: ../shared/dogs where it exists, else generated ones)', 'FOLDER'],
    images: ['number of images, which are repeated if there are fewer', 'N', '1000'],
    threads: ['threads here, processes in Python', 'T', String(availableParallelism())],
    rounds: ['rounds of each side', 'R', '3'],
    views: ['augmented views per image, without Python', 'K', '0'],
    json: ['print the results as one JSON document'],
  });
  if (values === undefined) return;
  const count = wholeNumber('--images', values.images);
  const threads = wholeNumber('--threads', values.threads);
  const rounds = wholeNumber('--rounds', values.rounds);
  const views = wholeNumber('--views', values.views, 0);
  const scratch = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
  try {
    const images = await photos(values.data, count, scratch);
    const ours: Round[] = [];
    const theirs: Round[] = [];
    let theirName = '';
    for (let i = 0; i < rounds; i++) {
      ours.push(await oneRound(images, threads, views));
      const python = pythonRound(images, threads);
      if (python === undefined) continue;
      theirs.push(python);
      theirName = python.name;
    }
    const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    const filters = await resizeCost(distinct(images).slice(0, mostResized), resize, crop);
    const figures = {
      images: images.length,
      threads,
      views,
      ours: { ...median(ours), each: ours.map(({ imagesPerSecond }) => imagesPerSecond), peakMegabytes },
      python: theirs.length === 0 ? null : { name: theirName, ...median(theirs) },
      filters,
    };
    if (values.json) return console.log(JSON.stringify(figures, null, 2));
    const rate = ({ imagesPerSecond }: Round): string => `${imagesPerSecond.toFixed(0).padStart(6)} images/s`;
    const steps = figures.ours.milliseconds;
    console.log(`${images.length} images, ${threads} threads, ${rounds} alternating rounds, median:`);
    console.log(`  featuretap${views === 0 ? '' : ` with ${views} views`}`.padEnd(44) + rate(figures.ours));
    if (figures.python !== null) {
      console.log(`  ${figures.python.name}`.padEnd(44) + rate(figures.python));
      console.log(`  ratio ${(figures.ours.imagesPerSecond / figures.python.imagesPerSecond).toFixed(2)}`);
    } else console.log('  Pillow and torchvision: not installed; npm run bench -- setup');
    if (steps !== undefined) {
      const shown = Object.entries(steps).map(([step, ms]) => `${step} ${ms.toFixed(2)} ms`);
      console.log(`  per image, in its thread: ${shown.join(', ')}; peak memory ${peakMegabytes} MB`);
    }
    const { bilinear, bicubic, ratio, pixelRatio } = filters;
    console.log(
      `  resize and crop alone, ${filters.images} images, alternating: ` +
        `bilinear ${bilinear.toFixed(2)} ms, bicubic ${bicubic.toFixed(2)} ms, ratio ${ratio.toFixed(2)}; with the decode ${pixelRatio.toFixed(2)}`,
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** A folder with fewer images than requested is read repeatedly. */
function distinct(images: readonly ImageFile[]): readonly ImageFile[] {
  return [...new Map(images.map((image) => [image.path, image])).values()];
}

async function photos(data: string | undefined, count: number, scratch: string): Promise<readonly ImageFile[]> {
  const reference = fileURLToPath(new URL('../../../shared/dogs', import.meta.url));
  const folder = data ?? (existsSync(reference) ? reference : scratch);
  if (folder === scratch) await drawPhotos({ folder, classCount: 10, perClass: 20, seed: 0 });
  const { images } = await listImages(folder);
  return Array.from({ length: count }, (_, i) => images[i % images.length] as ImageFile);
}

async function oneRound(images: readonly ImageFile[], threads: number, views: number): Promise<Round> {
  const recipe = {
    resize,
    crop,
    interpolation: 'bilinear' as const,
    autoOrient: false,
    ...(views === 0 ? {} : { views: { count: views, seed: 0 } }),
  };
  const pipeline = openPixelPipeline(recipe, { threads });
  // Starting threads and loading libraries is excluded, on both sides.
  for await (const result of pipeline.decode(images.slice(0, threads * 8))) void result;
  const total = { read: 0, decode: 0, resize: 0 };
  const started = performance.now();
  for await (const { seconds } of pipeline.decode(images)) {
    for (const step of ['read', 'decode', 'resize'] as const) total[step] += seconds[step];
  }
  const elapsed = (performance.now() - started) / 1000;
  await pipeline.close();
  const each = (seconds: number): number => (seconds / images.length) * 1000;
  return {
    imagesPerSecond: images.length / elapsed,
    milliseconds: { read: each(total.read), decode: each(total.decode), resize: each(total.resize) },
  };
}

function pythonRound(images: readonly ImageFile[], processes: number): (Round & { readonly name: string }) | undefined {
  const script = fileURLToPath(new URL('peers/decode.py', import.meta.url));
  const peer = findPeer('PIL', 'torchvision');
  if (peer === undefined) return undefined;
  const done = spawnSync(peer.python, ['-W', 'ignore', script, `${resize}`, `${crop}`, `${processes}`], {
    input: images.map(({ path }) => path).join('\n'),
    encoding: 'utf8',
    env: peerEnvironment,
  });
  return done.status === 0 ? JSON.parse(done.stdout) : undefined;
}

function median(rounds: readonly Round[]): Round {
  const sorted = [...rounds].sort((a, b) => a.imagesPerSecond - b.imagesPerSecond);
  return sorted[Math.floor(sorted.length / 2)] as Round;
}
