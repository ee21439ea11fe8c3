import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../featuretap.cjs', import.meta.url));

/** Longer than the start of any server. */
const startMs = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** The real `featuretap serve` in a new process. */
export class ServedProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Its address; empty if it ended before it had one. */
  readonly url: Promise<string>;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [script, 'serve', ...args, '--quiet'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    this.child.stderr?.on('data', (text) => {
      stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
    const line = once(this.child.stdout as NodeJS.ReadableStream, 'data').then(([data]) => String(data).trim());
    const late = setTimeout(() => this.kill('SIGKILL'), startMs);
    this.url = Promise.race([line, this.ended.then(() => '')]).finally(() => clearTimeout(late));
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks it to stop and waits for its end. */
  async stop(): Promise<Ended> {
    this.kill('SIGTERM');
    return this.ended;
  }

  /** Resident memory of the process in MB; undefined without /proc. */
  async memoryMB(): Promise<number | undefined> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8').catch(() => '');
    const [, kB] = /VmRSS:\s+(\d+) kB/.exec(status) ?? [];
    return kB === undefined ? undefined : Number(kB) / 1024;
  }
}

export interface Heard {
  readonly status: number;
  readonly body: string;
}

/** Sends a photo; `status` 0 if the connection broke. */
export async function post(url: string, body: Uint8Array<ArrayBuffer>, query = ''): Promise<Heard> {
  try {
    const response = await fetch(`${url}predict${query}`, { method: 'POST', body });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { status: 0, body: String((error as Error).cause ?? error) };
  }
}

/** Whether two answers to one photo agree: the same classes, up to the rounding of sums, which depends on the batch. */
export function sameAnswer(one: string, other: string): boolean {
  const [a, b] = [one, other].map(probabilitiesOf);
  if (a === undefined || b === undefined || a.size !== b.size) return false;
  return [...a].every(([name, probability]) => Math.abs(probability - (b.get(name) ?? Number.NaN)) < 1e-5);
}

function probabilitiesOf(body: string): ReadonlyMap<string, number> {
  const { images } = JSON.parse(body) as {
    images: readonly { top: readonly { class: string; probability: number }[] }[];
  };
  return new Map(images.flatMap(({ top }) => top.map((entry) => [entry.class, entry.probability] as const)));
}
