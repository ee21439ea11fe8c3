import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeImage } from '../../../src/extract/images/decode/decode.ts';
import { DecodeError } from '../../../src/extract/images/decode/decode-error.ts';
import { Draw } from '../../bench/fuzz/draw.ts';
import { imageTargets } from '../../bench/fuzz/image-targets.ts';
import { Program } from '../run.ts';
import { makeReport } from '../world.ts';
import { oneBitPng } from './one-bit-png.ts';
import { type Heard, post, ServedProcess, sameAnswer } from './served-process.ts';

/** A larger growth than this since a fifth of the requests is a memory leak. */
const memoryBoundMB = 60;

const clients = 16;
/** Longer than the answer to a readable photo takes, even on a busy machine. */
const timeLimitSeconds = 10;
const mostBodyMB = 8;

interface HostileResult {
  readonly requests: number;
  /** Number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Of the fuzzers' images: how many were readable, and how many were rejected. */
  readonly fuzzed: { readonly read: number; readonly refused: number };
  /** Resident memory in MB after a fifth of the requests, and after all of them; undefined without /proc. */
  readonly memoryMB: readonly [after: number, atEnd: number] | undefined;
  readonly wrong: readonly string[];
}

/**
 * Sends a server malformed input: slow and truncated bodies, decompression bombs, the fuzzers' images, and many mixed
 * requests from 16 clients. Each must be answered with the status that a decoder in this process expects; the server
 * must keep answering as at first, and its memory must not grow.
 */
export async function hostileServe({
  requests,
  seed,
}: {
  readonly requests: number;
  readonly seed: number;
}): Promise<HostileResult> {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-torture-serve-'));
  const program = new Program();
  try {
    const { data, report } = await makeReport(root, 24, program);
    const photo = Uint8Array.from(await readFile(join(data, 'class-0', 'photo-0000.jpg')));
    return await sendHostileInput(report, photo, requests, seed);
  } finally {
    program.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function sendHostileInput(
  report: string,
  photo: Uint8Array<ArrayBuffer>,
  requests: number,
  seed: number,
): Promise<HostileResult> {
  const options = [
    '--port',
    '0',
    '--threads',
    '1',
    '--timeout',
    String(timeLimitSeconds),
    '--max-body',
    `${mostBodyMB}MB`,
  ];
  const server = new ServedProcess(['--head', report, ...options]);
  try {
    const url = await server.url;
    if (url === '') throw new Error(`serve did not start: ${(await server.ended).stderr}`);
    return await new Hostile(url, server, photo, new Draw(seed)).run(requests);
  } finally {
    server.kill('SIGKILL');
  }
}

class Hostile {
  readonly #url: string;
  readonly #server: ServedProcess;
  readonly #photo: Uint8Array<ArrayBuffer>;
  readonly #draw: Draw;
  readonly #targets = imageTargets();
  readonly #statuses: Record<string, number> = {};
  readonly #wrong: string[] = [];
  readonly #fuzzed = { read: 0, refused: 0 };
  #expected = '';

  constructor(url: string, server: ServedProcess, photo: Uint8Array<ArrayBuffer>, draw: Draw) {
    this.#url = url;
    this.#server = server;
    this.#photo = photo;
    this.#draw = draw;
  }

  async run(requests: number): Promise<HostileResult> {
    this.#expected = (await this.#post(this.#photo)).body;
    const slow = Array.from({ length: 20 }, () => this.#slow());
    await this.#cut(100);
    await this.#checkAnswer('after bodies that were cut off');
    await Promise.all(slow);
    await this.#checkAnswer('after endless bodies');
    await this.#bombs();
    await this.#checkAnswer('after decompression bombs');
    const first = Math.ceil(requests / 5);
    await this.#ask(first);
    const after = await this.#server.memoryMB();
    await this.#ask(requests - first);
    const atEnd = await this.#server.memoryMB();
    await this.#checkAnswer(`after ${requests} requests`);
    const memoryMB = after === undefined || atEnd === undefined ? undefined : ([after, atEnd] as const);
    if (memoryMB !== undefined && memoryMB[1] > memoryMB[0] + memoryBoundMB) {
      this.#wrong.push(`${memoryMB[0].toFixed(0)} MB after ${first} requests, ${memoryMB[1].toFixed(0)} at the end`);
    }
    return { requests, statuses: this.#statuses, fuzzed: this.#fuzzed, memoryMB, wrong: this.#wrong };
  }

  /** Checks that the photo has its first answer. */
  async #checkAnswer(when: string): Promise<void> {
    const { status, body } = await this.#post(this.#photo);
    if (status !== 200 || !sameAnswer(body, this.#expected))
      this.#wrong.push(`${when}: ${status} ${body.slice(0, 200)}`);
  }

  /** Sends a photo, repeatedly if a busy machine answers that the time limit is over. */
  async #post(body: Uint8Array<ArrayBuffer>, query = ''): Promise<Heard> {
    for (let left = 20; ; left--) {
      const heard = await post(this.#url, body, query);
      if (heard.status !== 504 || left === 0) return heard;
    }
  }

  /** Sends a byte now and then, and never the last: expects 408 at the time limit. */
  async #slow(): Promise<void> {
    let answer = '';
    for (let isLate = true; isLate && statusOf(answer) === 0; ) {
      const socket = this.#connect(`${head(1000)}x`);
      const heard = new Promise<string>((resolve) => {
        socket.once('data', (data) => resolve(String(data)));
        socket.once('close', () => resolve('closed without an answer'));
      });
      // Stops sending before the limit: a byte that crosses the answer may reset the connection. If this process was so
      // slow that one did, it tries again.
      const silentFrom = performance.now() + 1000 * (timeLimitSeconds - 2);
      do {
        await sleep(1000);
        if (performance.now() < silentFrom) socket.write('x');
        isLate = performance.now() > silentFrom + 1000;
      } while (performance.now() < silentFrom);
      answer = await heard;
      socket.destroy();
    }
    this.#count(408, { status: statusOf(answer), body: answer }, 'a slow body');
  }

  async #cut(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const bytes = Buffer.from(this.#photo).subarray(0, this.#draw.below(this.#photo.length));
      const socket = this.#connect(head(this.#photo.length));
      const closed = new Promise((resolve) => socket.resume().once('close', resolve));
      socket.end(bytes);
      await closed;
    }
  }

  async #bombs(): Promise<void> {
    const bombs = [oneBitPng(60_000, 60_000, 1000), oneBitPng(12_000, 12_000), oneBitPng(2 ** 31 - 1, 1, 1)];
    for (const bomb of bombs) this.#count(422, await this.#post(bomb), 'a decompression bomb');
  }

  async #ask(count: number): Promise<void> {
    let asked = 0;
    const client = async (): Promise<void> => {
      while (asked++ < count) await this.#one();
    };
    await Promise.all(Array.from({ length: clients }, client));
  }

  async #one(): Promise<void> {
    const kind = this.#draw.below(4);
    if (kind === 0) {
      const target = this.#draw.oneOf(this.#targets);
      const bytes = Uint8Array.from(target.make(this.#draw));
      const readable = await isImage(bytes);
      const expected = bytes.length === 0 ? 400 : readable ? 200 : 422;
      this.#fuzzed[readable ? 'read' : 'refused']++;
      this.#count(expected, await this.#post(bytes), `${target.name} of ${bytes.length} bytes`);
    } else if (kind === 1) {
      const [query, expected] = this.#draw.oneOf([
        ['?top=0', 400],
        ['?nothing=1', 400],
        ['?overlay=true&why=true&unlike=true', 200],
      ] as const);
      this.#count(expected, await this.#post(this.#photo, query), query);
    } else if (kind === 2) {
      const half = Uint8Array.from(this.#photo.subarray(0, this.#photo.length / 2));
      this.#count(422, await this.#post(half), 'half a photo');
    } else {
      const heard = await this.#post(this.#photo);
      this.#count(200, heard, 'a photo');
      if (heard.status === 200 && !sameAnswer(heard.body, this.#expected)) {
        this.#wrong.push(`a photo has another answer: ${heard.body.slice(0, 200)}`);
      }
    }
  }

  #count(expected: number, { status, body }: Heard, what: string): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status !== expected) this.#wrong.push(`${what}: ${status} for ${expected}: ${body.slice(0, 200)}`);
  }

  #connect(text: string): Socket {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(this.#url).port) });
    socket.on('error', () => undefined);
    socket.write(text, 'latin1');
    return socket;
  }
}

async function isImage(bytes: Uint8Array): Promise<boolean> {
  try {
    await decodeImage(bytes.slice(), { autoOrient: false });
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function head(length: number): string {
  return `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: ${length}\r\n\r\n`;
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1] ?? 0);
}
