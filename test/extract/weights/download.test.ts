import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { userCacheFolder } from '../../../src/extract/weights/download/cache-folder.ts';
import {
  type DownloadProgress,
  type DownloadRequest,
  download,
} from '../../../src/extract/weights/download/download.ts';
import { sha256PrefixOf } from '../../../src/extract/weights/known-weights.ts';
import { knownWeightsFile, loadKnown, loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { randomWeights } from '../../../src/extract/weights/random/random-weights.ts';
import { InterruptedError, UserError } from '../../../src/system/errors.ts';
import { legacyPth } from '../../formats/legacy-pth-writer.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { BrokenOff } from './broken-off.ts';

const root = temporaryFolder();

const body = Buffer.alloc(300_000, 'the quick brown fox jumps over the lazy dog');
const sha256Prefix = sha256(body).slice(0, 8);
/** A process id that does not exist: above Linux's maximum of 2^22. */
const deadPid = 4_999_999;
let folders = 0;
const broken = new BrokenOff();

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Served {
  readonly url: string;
  /** The Range header of each request, '' for none. */
  readonly ranges: string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse, attempt: number, from: number) => void;

async function serve(context: TestContext, answer: Answer): Promise<Served> {
  const ranges: string[] = [];
  const server: Server = createServer((request, response) => {
    const range = request.headers.range ?? '';
    ranges.push(range);
    answer(request, response, ranges.length, Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.pth`, ranges };
}

/** A correct server: sends the whole file, or the requested range. */
function answerWell(response: ServerResponse, from: number, bytes: Buffer = body): void {
  if (from >= bytes.length) return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 ? range : {}) });
  response.end(bytes.subarray(from));
}

function breakOff(response: ServerResponse, from: number, count: number): void {
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': body.length - from,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
  });
  broken.send(response, body.subarray(from, from + count), from + count);
}

function request(url: string, changes: Partial<DownloadRequest> = {}): DownloadRequest {
  const target = join(root, String(folders++), 'weights.pth');
  return {
    url,
    target,
    sha256Prefix,
    fix: '--weights FILE',
    retryDelayMs: 1,
    onProgress: broken.onProgress,
    ...changes,
  };
}

/** The target is complete, and no other file lies beside it. */
function assertWhole({ target }: DownloadRequest): void {
  assert.deepEqual(readFileSync(target), body);
  assert.deepEqual(readdirSync(dirname(target)), ['weights.pth']);
}

test('a download ends as one complete file and reports its progress', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from));
  const told: DownloadProgress[] = [];
  const asked = request(url, { onProgress: (progress) => told.push(progress) });
  await download(asked);
  assertWhole(asked);
  assert.deepEqual(ranges, ['']);
  assert.deepEqual(told[0], { url, receivedBytes: 0, totalBytes: body.length });
  assert.deepEqual(told.at(-1), { url, receivedBytes: body.length, totalBytes: body.length });
});

test('after a broken connection only the rest is requested', async (context) => {
  const { url, ranges } = await serve(context, (_, response, attempt, from) =>
    attempt < 4 ? breakOff(response, from, 70_000) : answerWell(response, from),
  );
  const asked = request(url);
  await download(asked);
  assertWhole(asked);
  assert.equal(ranges.length, 4);
  assert.ok(
    ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range)),
    ranges.join(),
  );
});

test('a server that breaks off and ignores ranges is asked for the whole file again', async (context) => {
  const { url } = await serve(context, (_, response, attempt) =>
    attempt === 1 ? breakOff(response, 0, 70_000) : answerWell(response, 0),
  );
  const asked = request(url);
  await download(asked);
  assertWhole(asked);
});

test('an answer with another range than requested is discarded', async (context) => {
  const { url } = await serve(context, (_, response, attempt, from) => {
    if (attempt === 1) breakOff(response, 0, 70_000);
    else if (from > 0) answerWell(response, from - 10);
    else answerWell(response, 0);
  });
  const asked = request(url);
  await download(asked);
  assertWhole(asked);
});

test('a declared length that is too long costs a second request, not the download', async (context) => {
  const { url } = await serve(context, (_, response, __, from) => {
    if (from > 0) return answerWell(response, from);
    response.writeHead(200, { 'content-length': body.length + 1000 });
    broken.send(response, body, body.length);
  });
  const asked = request(url);
  await download(asked);
  assertWhole(asked);
});

test('a declared length that is too short ends with an error with both sizes, and no file is left', async (context) => {
  const { url } = await serve(context, (_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.end(body.subarray(0, 1000));
  });
  const asked = request(url);
  await assert.rejects(download(asked), /a different file\n.*127\.0\.0\.1.*\n.*1000 bytes with sha256/);
  assert.deepEqual(readdirSync(dirname(asked.target)), []);
});

test('a wrong file is rejected with both hashes and a fix, and no file is left', async (context) => {
  const { url } = await serve(context, (_, response) => response.end('<!doctype html>log in to the hotel'));
  const asked = request(url);
  await assert.rejects(
    download(asked),
    (error) =>
      error instanceof UserError && error.message.includes(sha256Prefix) && /--weights FILE/.test(error.message),
  );
  assert.deepEqual(readdirSync(dirname(asked.target)), []);
});

test('a 404 is not retried, and the error has the address', async (context) => {
  const { url, ranges } = await serve(context, (_, response) => response.writeHead(404).end('no'));
  const asked = request(url);
  await assert.rejects(
    download(asked),
    (error) => error instanceof UserError && /HTTP 404/.test(error.message) && error.message.includes(url),
  );
  assert.equal(ranges.length, 1);
});

test('an overloaded server is asked again', async (context) => {
  const { url, ranges } = await serve(context, (_, response, attempt, from) =>
    attempt < 3 ? response.writeHead(503).end() : answerWell(response, from),
  );
  const asked = request(url);
  await download(asked);
  assertWhole(asked);
  assert.equal(ranges.length, 3);
});

test('a permanently overloaded server ends the download after a few attempts', async (context) => {
  const { url, ranges } = await serve(context, (_, response) => response.writeHead(500).end());
  await assert.rejects(download(request(url)), /failed 4 times\n.*\n.*HTTP 500/);
  assert.equal(ranges.length, 4);
});

test('a server that stops sending ends the download', async (context) => {
  const { url } = await serve(context, (_, response) => {
    response.writeHead(200, { 'content-length': body.length });
    response.flushHeaders();
  });
  await assert.rejects(download(request(url, { stallMs: 50 })), /nothing arrived for 50 ms/);
});

test('without a network the error has the address and a fix', async () => {
  // Port 9 of this machine, where no server listens.
  const url = 'http://127.0.0.1:9/resnet50-0676ba61.pth';
  await assert.rejects(
    download(request(url)),
    (error) =>
      error instanceof UserError &&
      error.message.includes(url) &&
      /ECONNREFUSED|bad port/.test(error.message) &&
      /--weights FILE/.test(error.message),
  );
});

test('the partial file of a dead process is continued', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from));
  const asked = request(url);
  mkdirSync(dirname(asked.target), { recursive: true });
  writeFileSync(`${asked.target}.${hostname()}.${deadPid}-0.partial`, body.subarray(0, 1234));
  writeFileSync(`${asked.target}.${hostname()}.${deadPid}-1.partial`, body.subarray(0, 123));
  await download(asked);
  assertWhole(asked);
  assert.deepEqual(ranges, ['bytes=1234-']);
});

test('the partial file of a dead process with other content costs a request, not the download', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from));
  const asked = request(url);
  mkdirSync(dirname(asked.target), { recursive: true });
  writeFileSync(`${asked.target}.${hostname()}.${deadPid}-0.partial`, 'something else');
  await download(asked);
  assertWhole(asked);
  assert.deepEqual(ranges, ['bytes=14-', '']);
});

test('a complete file that was never renamed is not downloaded again', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from));
  const asked = request(url);
  mkdirSync(dirname(asked.target), { recursive: true });
  writeFileSync(`${asked.target}.${hostname()}.${deadPid}-0.partial`, body);
  await download(asked);
  assertWhole(asked);
  assert.deepEqual(ranges, [`bytes=${body.length}-`]);
});

test('the partial file of a running process is not touched', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from));
  const asked = request(url);
  mkdirSync(dirname(asked.target), { recursive: true });
  const others = `${asked.target}.${hostname()}.${process.ppid}-0.partial`;
  writeFileSync(others, body.subarray(0, 1234));
  await download(asked);
  assert.deepEqual(readFileSync(asked.target), body);
  assert.ok(existsSync(others));
  assert.deepEqual(ranges, ['']);
});

test('the partial file of another machine is not touched, whatever its process number', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from));
  const asked = request(url);
  mkdirSync(dirname(asked.target), { recursive: true });
  const others = [deadPid, process.pid].map((pid) => `${asked.target}.other-${hostname()}.${pid}-0.partial`);
  for (const path of others) writeFileSync(path, body.subarray(0, 1234));
  await download(asked);
  assert.deepEqual(readFileSync(asked.target), body);
  for (const path of others) assert.equal(readFileSync(path).length, 1234);
  assert.deepEqual(ranges, ['']);
});

test('two concurrent downloads both end with the complete file', async (context) => {
  const { url } = await serve(context, (_, response, attempt, from) =>
    attempt < 3 ? breakOff(response, from, 50_000) : answerWell(response, from),
  );
  const asked = request(url);
  await Promise.all([download(asked), download(asked)]);
  assertWhole(asked);
});

test('an interrupted download keeps its bytes for the next one', async (context) => {
  const { url, ranges } = await serve(context, (_, response, attempt, from) => {
    if (attempt > 1) return answerWell(response, from);
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, 70_000));
  });
  const stop = new AbortController();
  const onProgress = ({ receivedBytes }: DownloadProgress): void => {
    if (receivedBytes > 0) stop.abort();
  };
  const asked = request(url, { signal: stop.signal, onProgress });
  await assert.rejects(download(asked), InterruptedError);
  const { signal: _, onProgress: __, ...again } = asked;
  await download(again);
  assertWhole(asked);
  assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
});

const tinyPth = Buffer.from(legacyPth(Object.fromEntries(randomWeights('resnet-tiny', 0).tensors)));
const tinyKnown = { file: `tiny-${sha256(tinyPth).slice(0, 8)}.pth`, resize: 232, mebibytes: 1 };

test('known weights are downloaded once, then read from the cache without any network', async (context) => {
  const { url, ranges } = await serve(context, (_, response, __, from) => answerWell(response, from, tinyPth));
  const options = { cacheFolder: join(root, 'known'), weightsUrl: new URL('.', url).href };
  const first = await loadKnown(tinyKnown, options);
  const second = await loadKnown(tinyKnown, { ...options, weightsUrl: 'http://127.0.0.1:9/' });
  assert.equal(ranges.length, 1);
  assert.ok(first.kind === 'state-dict' && second.kind === 'state-dict');
  assert.equal(first.trainedWith?.resize, 232);
  assert.equal(first.stateDict.architecture, 'resnet-tiny');
  assert.equal(second.stateDict.sha256, sha256(tinyPth));
  assert.equal(second.file, join(root, 'known', 'weights', tinyKnown.file));
});

test('a damaged file in the cache is downloaded again', async (context) => {
  const { url } = await serve(context, (_, response, __, from) => answerWell(response, from, tinyPth));
  const cacheFolder = join(root, 'damaged');
  const path = join(cacheFolder, 'weights', tinyKnown.file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, tinyPth.subarray(1));
  const loaded = await loadKnown(tinyKnown, { cacheFolder, weightsUrl: new URL('.', url).href });
  assert.ok(loaded.kind === 'state-dict');
  assert.equal(loaded.stateDict.sha256, sha256(tinyPth));
  assert.deepEqual(readFileSync(path), tinyPth);
});

test("resnet50 is requested by torchvision's file name", async (context) => {
  const paths: string[] = [];
  const { url } = await serve(context, ({ url: path }, response) => {
    paths.push(path ?? '');
    response.writeHead(404).end();
  });
  const options = { cacheFolder: join(root, 'names'), weightsUrl: new URL('/models', url).href };
  await assert.rejects(loadWeights('resnet50', options), /HTTP 404(?:.|\n)*--weights resnet50-0676ba61\.pth/);
  await assert.rejects(loadWeights('resnet50-v2', options), /HTTP 404/);
  assert.deepEqual(paths, ['/models/resnet50-0676ba61.pth', '/models/resnet50-11ad3fa6.pth']);
  assert.equal(knownWeightsFile('resnet50', 'C'), join('C', 'weights', 'resnet50-0676ba61.pth'));
  assert.equal(knownWeightsFile('resnet5', 'C'), undefined);
});

test('the prefix of the sha256 comes from the file name', () => {
  assert.equal(sha256PrefixOf('resnet50-11ad3fa6.pth'), '11ad3fa6');
});

test("the cache folder is the platform's default, unless it is set", () => {
  assert.equal(userCacheFolder({ FEATURETAP_CACHE_HOME: '/x' }, 'linux'), '/x');
  assert.equal(userCacheFolder({ XDG_CACHE_HOME: '/xdg' }, 'linux'), join('/xdg', 'featuretap'));
  assert.match(userCacheFolder({}, 'linux'), /\.cache.featuretap$/);
  assert.match(userCacheFolder({}, 'darwin'), /Library.Caches.featuretap$/);
  assert.equal(userCacheFolder({ LOCALAPPDATA: 'L' }, 'win32'), join('L', 'featuretap'));
});
