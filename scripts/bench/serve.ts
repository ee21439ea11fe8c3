import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { drawPhotos } from '../torture/draw-photos.ts';
import { findPeer, peerEnvironment, reportPeer } from './peers/python.ts';
import { trainHead } from './predict.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Measures serve at several numbers of clients, predict on the same photos, and FastAPI + PyTorch.`;

const command = fileURLToPath(new URL('../featuretap.cjs', import.meta.url));
const peerScript = fileURLToPath(new URL('peers/serve.py', import.meta.url));

interface Row {
  readonly server: string;
  readonly clients: number;
  readonly perSecond: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the server, user and system, per photo; undefined without /proc. */
  readonly processorMs: number | undefined;
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'serve', purpose, {
    head: ['of a ResNet50, with --photos (default: one on generated photos and random:resnet-tiny)', 'REPORT'],
    photos: ['JPEG photos to send', 'FOLDER'],
    count: ['number of photos, each sent once per round', 'N', '200'],
    clients: ['numbers of concurrent clients', 'A,B', '1,4,16'],
    'peer-port': ['of FastAPI + PyTorch', 'N', '8765'],
    out: ['write the results as JSON', 'FILE'],
    json: ['print the results as one JSON document'],
  });
  if (values === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    const head = values.head ?? (await trainHead(folder, 'random:resnet-tiny'));
    const photos = resolve(values.photos ?? join(folder, 'photos'));
    if (values.head !== undefined && values.photos === undefined) await drawPhotos(photos, 200);
    const files = readdirSync(photos, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.jpe?g$/i.test(name))
      .sort()
      .slice(0, Number(values.count))
      .map((name) => join(photos, name));
    const clients = values.clients.split(',').map(Number);
    const figures = await measure(head, files, clients, Number(values['peer-port']));
    const document = { ...aboutRun('serve', args), ...figures };
    if (values.out !== undefined) writeDocument(values.out, document);
    if (values.json) console.log(JSON.stringify(document, null, 2));
    else print(figures.photos, figures.rows);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(
  head: string,
  files: readonly string[],
  clients: readonly number[],
  peerPort: number,
): Promise<{ readonly photos: number; readonly rows: readonly Row[] }> {
  const bodies = files.map((file) => readFileSync(file));
  const predicted = await predict(head, files);
  const rows: Row[] = [{ server: 'predict', clients: 0, ratio: 1, p50Ms: Number.NaN, p99Ms: Number.NaN, ...predicted }];
  // The default time limit is for users of a page; a busy machine takes longer, and is measured too.
  const args = [command, 'serve', '--head', head, '--port', '0', '--timeout', '600', '--quiet'];
  const ours = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(ours.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    rows.push(...(await measureServer('serve', ours, String(line).trim(), bodies, clients, predicted.perSecond)));
  } finally {
    await end(ours);
  }
  const { report } = await loadReportHead(head);
  const isResnet50 = report.featureSet.dims === 2048;
  const peer = isResnet50 ? findPeer('fastapi', 'uvicorn', 'torch', 'torchvision', 'PIL') : undefined;
  if (isResnet50) reportPeer(peer, 'FastAPI, uvicorn and torchvision');
  else console.error('not beside FastAPI + PyTorch, which serves a ResNet50: --head names one');
  if (peer === undefined) return { photos: files.length, rows };
  const theirs = spawn(peer.python, [peerScript, String(peerPort), String(report.classes.length)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: peerEnvironment,
  });
  try {
    const url = `http://127.0.0.1:${peerPort}/`;
    await waitUntilUp(url, theirs);
    rows.push(...(await measureServer('fastapi + torch', theirs, url, bodies, clients, predicted.perSecond)));
  } finally {
    await end(theirs);
  }
  return { photos: files.length, rows };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** From the first batch to the last, without the start. */
async function predict(head: string, files: readonly string[]): Promise<Pick<Row, 'perSecond' | 'processorMs'>> {
  const args = [command, 'predict', '--head', head, '--csv', '--top', '1', '--quiet', ...files];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // The header is a line too.
  let lines = -1;
  let first: { readonly at: number; readonly lines: number; readonly processor: number } | undefined;
  let last = { at: 0, processor: Number.NaN };
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    for (const byte of chunk) if (byte === 10) lines++;
    last = { at: performance.now(), processor: processorMs(child) };
    if (lines >= 8) first ??= { ...last, lines };
  }
  if (first === undefined || lines !== files.length) throw new Error(`${lines} of ${files.length} answers of predict`);
  const count = lines - first.lines;
  return {
    perSecond: (1000 * count) / (last.at - first.at),
    processorMs: known((last.processor - first.processor) / count),
  };
}

async function measureServer(
  server: string,
  child: ChildProcess,
  url: string,
  bodies: readonly Buffer[],
  clients: readonly number[],
  reference: number,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // The first requests are slower than all others.
  await ask(url, bodies.slice(0, 16), 4);
  console.error(`${server}: ${bodies.length} photos for each of ${clients.join(', ')} clients`);
  for (const count of clients) {
    const [started, before] = [performance.now(), processorMs(child)];
    const latencies = (await ask(url, bodies, count)).sort((one, other) => one - other);
    const perSecond = (1000 * bodies.length) / (performance.now() - started);
    const at = (share: number): number => latencies[Math.ceil(share * latencies.length) - 1] as number;
    rows.push({
      ...{ server, clients: count, perSecond, ratio: perSecond / reference, p50Ms: at(0.5), p99Ms: at(0.99) },
      processorMs: known((processorMs(child) - before) / bodies.length),
    });
  }
  return rows;
}

/**
 * Sends each photo once from the given number of clients, each waiting for its answer.
 *
 * @returns milliseconds of each
 */
async function ask(url: string, bodies: readonly Buffer[], clients: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latencies: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const started = performance.now();
      await post(url, body, agent);
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return latencies;
}

function post(url: string, body: Buffer, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'image/jpeg', 'content-length': body.length };
    const asked = request(`${url}predict`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    asked.on('error', reject).end(body);
  });
}

async function waitUntilUp(url: string, child: ChildProcess): Promise<void> {
  while (
    !(await fetch(`${url}health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`the peer ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** User and system time so far; Linux counts in hundredths of a second. */
function processorMs({ pid }: ChildProcess): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function print(photos: number, rows: readonly Row[]): void {
  console.log(`${photos} photos, each once; ratios to predict on the same photos in this run`);
  console.log('server            clients  photos/s  ratio   p50 ms   p99 ms  processor ms/photo');
  for (const { server, clients, perSecond, ratio, p50Ms, p99Ms, processorMs } of rows) {
    const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(0)).padStart(9);
    const counted = clients === 0 ? '-' : String(clients);
    const processor = (processorMs?.toFixed(1) ?? '-').padStart(20);
    console.log(
      `${server.padEnd(16)}${counted.padStart(9)}${perSecond.toFixed(1).padStart(10)}${ratio.toFixed(2).padStart(7)}${ms(p50Ms)}${ms(p99Ms)}${processor}`,
    );
  }
}
