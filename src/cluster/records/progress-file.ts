import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable.ts';
import { type Files, readIfThere, statIfThere } from '../../system/files.ts';
import { failureFile, progressFile } from './layout.ts';

/** progress.json: progress of an attempt at a part, only for `status`. */
interface PartProgress {
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  /** Inputs of the part with a known outcome. */
  readonly done: number;
  /** Inputs of the part. */
  readonly total: number;
  /** Images whose rows this attempt has computed. */
  readonly computed: number;
  /** Inputs of the whole list. */
  readonly listTotal: number;
  /** Whether the attempt ended without a record. */
  readonly ended: boolean;
}

/** failure.json: why the last attempt at a part ended without a record. */
interface PartFailure {
  readonly host: string;
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string;
  readonly message: string;
}

/** An attempt silent for this long is considered dead; it writes six times as often. */
export const silentSeconds = 60;

/** Writes an attempt's progress every ten seconds until closed. Ignores disk errors. */
export class ProgressWriter {
  readonly #files: Files;
  readonly #path: string;
  readonly #started = new Date();
  readonly #timer: NodeJS.Timeout;
  #numbers: Pick<PartProgress, 'done' | 'total' | 'computed' | 'listTotal'>;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(files: Files, attempt: string, numbers: Pick<PartProgress, 'done' | 'total' | 'computed' | 'listTotal'>) {
    this.#files = files;
    this.#path = join(attempt, progressFile);
    this.#numbers = numbers;
    this.#write();
    this.#timer = setInterval(() => this.#write(), (silentSeconds * 1000) / 6);
    this.#timer.unref();
  }

  note(done: number, computed: number): void {
    this.#numbers = { ...this.#numbers, done, computed };
  }

  /** @param ended whether the attempt is over without finishing the part */
  async close(ended = false): Promise<void> {
    clearInterval(this.#timer);
    if (ended) this.#write(true);
    await this.#writing;
  }

  #write(ended = false): void {
    const progress: PartProgress = {
      host: hostname(),
      pid: process.pid,
      started: this.#started.toISOString(),
      seconds: (Date.now() - this.#started.getTime()) / 1000,
      ...this.#numbers,
      ended,
    };
    this.#writing = this.#writing.then(() => writeJson(this.#files, this.#path, progress).catch(() => undefined));
  }
}

export async function writeFailure(files: Files, part: string, reason: string, message: string): Promise<void> {
  const failure: PartFailure = { host: hostname(), at: new Date().toISOString(), reason, message };
  await writeJson(files, join(part, failureFile), failure);
}

export function readFailure(files: Files, part: string): Promise<PartFailure | undefined> {
  return readJson<PartFailure>(files, join(part, failureFile)).catch(() => undefined);
}

/** @returns the progress, and the seconds since it was written */
export async function readProgress(
  files: Files,
  attempt: string,
): Promise<{ readonly progress: PartProgress; readonly silentFor: number } | undefined> {
  const path = join(attempt, progressFile);
  const stat = await statIfThere(files, path);
  const progress = await readJson<PartProgress>(files, path).catch(() => undefined);
  if (stat === undefined || progress === undefined) return undefined;
  return { progress, silentFor: (Date.now() - stat.mtimeMs) / 1000 };
}

export async function writeJson(files: Files, path: string, value: unknown): Promise<void> {
  await writeDurably(files, path, [new TextEncoder().encode(`${JSON.stringify(value)}\n`)]);
}

/** @returns undefined if there is no such file, or it is not JSON */
export async function readJson<T>(files: Files, path: string): Promise<T | undefined> {
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
