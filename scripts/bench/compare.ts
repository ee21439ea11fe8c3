import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { cacheFolder } from '../../src/report/page/cache/page-cache.ts';
import { browserPath, openBrowser } from '../../test/report/page/browser.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { drawSet } from './shared/draw-set.ts';
import { median } from './shared/numbers.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Measures how long compare takes to write its page, cold and from its cache, and how large the page is:
six real runs on random features, with a photo of 500 x 375 pixels each.
Elements are counted by Chromium, where one is installed; $FEATURETAP_BROWSER may name it.`;

const launcher = fileURLToPath(new URL('../featuretap.cjs', import.meta.url));

interface Figures {
  readonly photos: number;
  readonly coldSeconds: number;
  readonly cachedSeconds: number;
  /** User and system time of the process, less affected by load. */
  readonly coldProcessorSeconds: number;
  readonly cachedProcessorSeconds: number;
  /** Peak memory of the process, cold. */
  readonly peakMB: number;
  readonly bytes: number;
  /** When the page is opened, before scrolling; undefined without a browser. */
  readonly elements: number | undefined;
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'compare', purpose, {
    photos: ['sizes of the sets', 'N,N', '1000,10000'],
    classes: ['number of classes', 'N', '120'],
    dims: ['features per row', 'N', '2048'],
    rounds: ['rounds, of which the median counts', 'N', '3'],
    json: ['print the results as one JSON document'],
    out: ['write that document', 'FILE'],
  });
  if (values === undefined) return;
  const found: Figures[] = [];
  for (const photos of values.photos.split(',').map(Number)) {
    const figures = await measure(photos, Number(values.classes), Number(values.dims), Number(values.rounds));
    found.push(figures);
    if (!values.json) print(figures);
  }
  const document = { ...aboutRun('compare', args), pages: found };
  if (values.json) console.log(JSON.stringify(document, null, 2));
  if (values.out !== undefined) writeDocument(values.out, document);
}

async function measure(photos: number, classes: number, dims: number, rounds: number): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-compare-'));
  try {
    const set = join(folder, 'drawn');
    await drawSet(set, { rows: photos, dims, classes, dtype: 'float32', photos: await drawPhotos(set, photos) });
    // Fitted once each, without the folds of a calibration; the measurement begins afterwards.
    const heads = ['--model', 'all', '--trees', '30', '--patience', '1', '--calibrate', 'none'];
    featuretap(folder, ['classify', '--features', 'drawn', ...heads, '--test-size', '0.2', '--quiet']);
    const cold: Spent[] = [];
    const cached: Spent[] = [];
    for (let round = 0; round < rounds; round++) {
      await rm(join(folder, 'reports', cacheFolder), { recursive: true, force: true });
      cold.push(featuretap(folder, ['compare', '--quiet']));
      cached.push(featuretap(folder, ['compare', '--quiet']));
    }
    const page = join(folder, 'reports', 'index.html');
    return {
      photos,
      coldSeconds: median(cold.map(({ seconds }) => seconds)),
      cachedSeconds: median(cached.map(({ seconds }) => seconds)),
      coldProcessorSeconds: median(cold.map(({ processor }) => processor)),
      cachedProcessorSeconds: median(cached.map(({ processor }) => processor)),
      peakMB: median(cold.map(({ peakMB }) => peakMB)),
      bytes: (await stat(page)).size,
      elements: browserPath === undefined ? undefined : await countElements(page),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes different JPEGs of 500 x 375 pixels. @returns the sha256 of each */
async function drawPhotos(folder: string, count: number): Promise<string[]> {
  await mkdir(join(folder, 'train'), { recursive: true });
  const drawn = await Promise.all(
    Array.from({ length: Math.min(count, 100) }, (_, i) => {
      const noise = { type: 'gaussian', mean: 60 + ((i * 37) % 140), sigma: 40 } as const;
      // Enlarged noise of few pixels, as smooth as photos.
      return sharp({ create: { width: 50, height: 38, channels: 3, background: 'black', noise } })
        .resize(500, 375)
        .jpeg({ quality: 90 })
        .toBuffer();
    }),
  );
  const hashes: string[] = [];
  for (let i = 0; i < count; i++) {
    // Bytes after the end of the image are ignored.
    const bytes = Buffer.concat([drawn[i % drawn.length] as Buffer, Buffer.from(String(i))]);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(folder, 'train', `${sha256.slice(0, 32)}.jpg`), bytes);
    hashes.push(sha256);
  }
  return hashes;
}

interface Spent {
  readonly seconds: number;
  readonly processor: number;
  readonly peakMB: number;
}

/** Preloaded module that reports user and system time in microseconds and peak memory in kB on the fourth channel. */
const sayProcessorTime =
  'data:text/javascript,' +
  encodeURIComponent(
    "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));",
  );

function featuretap(folder: string, args: readonly string[]): Spent {
  const started = performance.now();
  const { status, stderr, output } = spawnSync(process.execPath, ['--import', sayProcessorTime, launcher, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`featuretap ${args.join(' ')}: ${stderr}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(output[3] ?? '') as NodeJS.ResourceUsage;
  const seconds = (performance.now() - started) / 1000;
  return { seconds, processor: (userCPUTime + systemCPUTime) / 1e6, peakMB: maxRSS / 1024 };
}

async function countElements(page: string): Promise<number> {
  const browser = await openBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(pathToFileURL(page).href);
    return (await tab.evaluate('document.querySelectorAll("*").length')) as number;
  } finally {
    await browser.close();
  }
}

function print({ photos, coldSeconds, cachedSeconds, bytes, elements, ...figures }: Figures): void {
  const processor = `processor time ${figures.coldProcessorSeconds.toFixed(2)} and ${figures.cachedProcessorSeconds.toFixed(2)} s`;
  console.log(
    `${photos} photos, 6 runs: ${coldSeconds.toFixed(2)} s cold, ${cachedSeconds.toFixed(2)} s cached (${processor}), at most ${Math.round(figures.peakMB)} MB of memory; ` +
      `${(bytes / 1e6).toFixed(2)} MB, ${elements === undefined ? 'elements not counted: no browser' : `${elements} elements at open`}`,
  );
}
