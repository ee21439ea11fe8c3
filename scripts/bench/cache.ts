import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFeatureSet } from '../../src/features/reader.ts';
import { drawPhotos } from '../torture/draw-photos.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { drawSet } from './shared/draw-set.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Measures the feature set: opening by number of rows, a run over unchanged files, reading compared with
the disk.`;

const root = fileURLToPath(new URL('../..', import.meta.url));

interface OpenFigures {
  readonly rows: number;
  readonly openSeconds: number;
  /** Until every labelled id is joined with its row. */
  readonly joinSeconds: number;
  /** Peak resident memory beyond that of an idle process with the same code loaded. */
  readonly openMB: number;
  readonly joinMB: number;
}

interface Figures {
  readonly open: readonly OpenFigures[];
  readonly unchanged: { readonly images: number; readonly fullSeconds: number; readonly unchangedSeconds: number };
  readonly read: { readonly megabytes: number; readonly rawMBPerSecond: number; readonly matrixMBPerSecond: number };
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'cache', purpose, {
    rows: ['sizes of the sets to open', 'N,N,…', '1000,10000,100000,1000000'],
    images: ['images of the run over unchanged files', 'N', '300'],
    weights: ['of that run', 'NAME', 'random:resnet-tiny'],
    'read-mb': ['size of the set that is read', 'N', '512'],
    json: ['print the results as one JSON document'],
    out: ['write that document', 'FILE'],
  });
  if (values === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    const figures: Figures = {
      open: await benchOpen(folder, values.rows.split(',').map(Number)),
      unchanged: await benchUnchanged(folder, Number(values.images), values.weights),
      read: await benchRead(folder, Number(values['read-mb'])),
    };
    const document = { ...aboutRun('cache', args), ...figures };
    if (values.out !== undefined) writeDocument(values.out, document);
    if (values.json) console.log(JSON.stringify(document, null, 2));
    else print(figures);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function benchOpen(folder: string, sizes: readonly number[]): Promise<readonly OpenFigures[]> {
  const figures: OpenFigures[] = [];
  for (const rows of sizes) {
    const set = join(folder, `rows-${rows}`);
    // Few features, so that the tables dominate.
    await drawSet(set, { rows, dims: 4, classes: 1000, dtype: 'float32' });
    // In a new process with unused memory; opening the small first set warms the code up.
    const source = `
      import { openFeatureSet } from './src/features/reader.ts';
      const [warm, folder] = ${JSON.stringify([join(folder, `rows-${sizes[0]}`), set])};
      (await openFeatureSet(warm)).labelled();
      globalThis.gc?.();
      const before = process.memoryUsage().rss;
      const started = performance.now();
      const set = await openFeatureSet(folder);
      const opened = performance.now();
      const openPeak = process.resourceUsage().maxRSS * 1024;
      const { ids } = set.labelled();
      const joined = performance.now();
      const joinPeak = process.resourceUsage().maxRSS * 1024;
      if (ids.length !== ${rows}) throw new Error('rows are missing');
      console.log(JSON.stringify({ rows: ${rows}, openSeconds: (opened - started) / 1000, joinSeconds: (joined - opened) / 1000,
        openMB: Math.max(0, openPeak - before) / 1e6, joinMB: Math.max(0, joinPeak - before) / 1e6 }));`;
    const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', source];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    figures.push(JSON.parse(stdout) as OpenFigures);
    if (rows !== sizes[0]) await rm(set, { recursive: true });
  }
  return figures;
}

async function benchUnchanged(folder: string, images: number, weights: string): Promise<Figures['unchanged']> {
  const data = join(folder, 'photos');
  await drawPhotos(data, images);
  // Extract does not trust the times of files that have just been written.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const extract = (): number => {
    const args = ['extract', '--data', data, '--cache', join(folder, 'cache'), '--weights', weights, '--quiet'];
    const started = performance.now();
    const command = [join(root, 'scripts/featuretap.cjs'), ...args];
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return (performance.now() - started) / 1000;
  };
  const fullSeconds = extract();
  return { images, fullSeconds, unchangedSeconds: Math.min(extract(), extract()) };
}

async function benchRead(folder: string, megabytes: number): Promise<Figures['read']> {
  const dims = 2048;
  const set = join(folder, 'read');
  const rows = Math.ceil((megabytes * 1e6) / (dims * 4));
  await drawSet(set, { rows, dims, classes: 1000, dtype: 'float32' });
  const rates = { raw: 0, matrix: 0 };
  // Alternating, best of three: both read from the page cache after the first turn.
  for (let turn = 0; turn < 3; turn++) {
    const opened = await openFeatureSet(set);
    let started = performance.now();
    for (const { file } of opened.manifest.shards) await readRaw(join(set, file));
    rates.raw = Math.max(rates.raw, megabytes / ((performance.now() - started) / 1000));
    started = performance.now();
    await opened.readMatrix();
    rates.matrix = Math.max(rates.matrix, megabytes / ((performance.now() - started) / 1000));
  }
  return { megabytes, rawMBPerSecond: rates.raw, matrixMBPerSecond: rates.matrix };
}

async function readRaw(path: string): Promise<void> {
  const file = await open(path, 'r');
  const block = new Uint8Array(4 << 20);
  try {
    while ((await file.read(block, 0, block.length)).bytesRead > 0);
  } finally {
    await file.close();
  }
}

function print({ open: opens, unchanged, read }: Figures): void {
  console.log('open        rows    seconds   + join labels      MB   with labels');
  for (const { rows, openSeconds, joinSeconds, openMB, joinMB } of opens) {
    const cells = [String(rows), openSeconds.toFixed(3), joinSeconds.toFixed(3), openMB.toFixed(0), joinMB.toFixed(0)];
    console.log(cells.map((cell, i) => cell.padStart([16, 11, 16, 8, 14][i] ?? 8)).join(''));
  }
  const { images, fullSeconds, unchangedSeconds } = unchanged;
  console.log(
    `unchanged   ${images} images: ${fullSeconds.toFixed(2)} s for all, ` +
      `${unchangedSeconds.toFixed(2)} s for unchanged files`,
  );
  const share = (100 * read.matrixMBPerSecond) / read.rawMBPerSecond;
  console.log(
    `read        ${read.megabytes} MB: ${read.rawMBPerSecond.toFixed(0)} MB/s of plain bytes, ` +
      `${read.matrixMBPerSecond.toFixed(0)} MB/s checked and as a matrix (${share.toFixed(0)} %)`,
  );
}
