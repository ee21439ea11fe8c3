import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawPhotos } from '../torture/draw-photos.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Measures how the memory of predict grows with the number of images. Linux only.`;

const command = fileURLToPath(new URL('../featuretap.cjs', import.meta.url));

interface Figures {
  readonly images: number;
  readonly seconds: number;
  /** Resident memory after each tenth of the images, in MB. */
  readonly residentMB: readonly number[];
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'predict', purpose, {
    images: ['images to predict: links to 40 small photos', 'N', '20000'],
    weights: ['of the network', 'NAME', 'random:resnet-tiny'],
    json: ['print the results as one JSON document'],
  });
  if (values === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    const head = await trainHead(folder, values.weights);
    const images = Number(values.images);
    await linkPhotos(join(folder, 'photos'), join(folder, 'many'), images);
    const figures = await predict(head, join(folder, 'many'), images);
    if (values.json) console.log(JSON.stringify(figures, null, 2));
    else print(figures);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Trains a head on 40 generated photos in the subfolder `photos`. @returns its report */
export async function trainHead(folder: string, weights: string): Promise<string> {
  const photos = join(folder, 'photos');
  await drawPhotos(photos, 40);
  const small = ['--resize', '36', '--crop', '32'];
  featuretap(['extract', '--data', photos, '--cache', join(folder, 'cache'), '--weights', weights, ...small]);
  const classify = ['classify', '--model', 'linear', '--features', join(folder, 'cache/photos'), '--test-size', '0.2'];
  const [report] = JSON.parse(featuretap([...classify, '--out', join(folder, 'reports'), '--json'])) as [
    { report: string },
  ];
  return report.report;
}

function featuretap(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args, '--quiet'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

async function linkPhotos(from: string, to: string, count: number): Promise<void> {
  const photos = (await readdir(from, { recursive: true })).filter((name) => name.endsWith('.jpg'));
  await mkdir(to);
  for (let i = 0; i < count; i++) {
    await link(join(from, photos[i % photos.length] as string), join(to, `${String(i).padStart(9, '0')}.jpg`));
  }
}

async function predict(head: string, folder: string, images: number): Promise<Figures> {
  const started = performance.now();
  const args = ['predict', '--head', head, '--csv', '--top', '1', '--quiet', folder];
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const residentMB: number[] = [];
  // The header is a line too.
  let lines = -1;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    for (const byte of chunk) if (byte === 10) lines++;
    while (residentMB.length < 10 && lines >= ((residentMB.length + 1) * images) / 10) {
      residentMB.push(await resident(child.pid as number));
    }
  }
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode !== 0 || lines !== images)
    throw new Error(`${lines} of ${images} answers, exit ${child.exitCode}`);
  return { images, seconds: (performance.now() - started) / 1000, residentMB };
}

/** Undefined if the process has just ended: the last tenth is then unknown. */
async function resident(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

function print({ images, seconds, residentMB }: Figures): void {
  console.log(`predict     ${images} images in ${seconds.toFixed(1)} s, ${(images / seconds).toFixed(0)} images/s`);
  console.log(`resident, MB, after each tenth: ${residentMB.map((value) => value.toFixed(0)).join(' ')}`);
}
