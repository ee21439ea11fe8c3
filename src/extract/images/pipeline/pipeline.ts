import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../../system/workers.ts';
import type { ImageFile } from '../list/image-file.ts';
import { bytesPerImage } from '../samples.ts';
import { openBudget } from './pixel-budget.ts';
import { type FilePixels, packKnown, type WorkerReply, type WorkerSetup, type WorkerTask } from './pixel-protocol.ts';
import type { PixelPipeline, PixelPipelineOptions, PixelRecipe, PixelResult } from './pixel-result.ts';

/** Largest size in bytes of results waiting for the consumer. */
const waitingBytes = 64 * 1024 * 1024;
/** The backbone blocks the main thread for up to a second: workers need enough tasks meanwhile. */
const mostAhead = 256;

/**
 * Worker threads that read, hash, decode and transform images ahead of the consumer; no more of them than images, since each
 * takes a third of a second of processor time to start.
 *
 * @throws the signal's reason, from `decode`, once the signal is aborted
 */
export function openPixelPipeline(recipe: PixelRecipe, options: PixelPipelineOptions = {}): PixelPipeline {
  return new WorkerPipeline(recipe, options);
}

class WorkerPipeline implements PixelPipeline {
  readonly recipe: PixelRecipe;
  readonly threads: number;
  readonly #signal: AbortSignal | undefined;
  readonly #claims = new Int32Array(new SharedArrayBuffer(4));
  readonly #setup: WorkerSetup;
  readonly #workers: Worker[] = [];
  readonly #exits: Promise<void>[] = [];
  readonly #finished = new Map<number, FilePixels>();
  readonly #ahead: number;
  #sent = 0;
  #failure: Error | undefined;
  #closed = false;
  #decoding = false;
  #wake: (() => void) | undefined;

  constructor(recipe: PixelRecipe, options: PixelPipelineOptions) {
    this.recipe = recipe;
    this.threads = options.threads ?? availableParallelism();
    this.#signal = options.signal;
    this.#ahead = Math.max(this.threads + 1, Math.min(mostAhead, Math.floor(waitingBytes / bytesOfAll(recipe))));
    this.#setup = {
      recipe,
      claims: this.#claims,
      known: packKnown(options.known ?? []),
      budget: openBudget(this.threads),
    };
    if (options.startNow === true) this.#start(this.threads);
  }

  /**
   * Starts workers up to `count`. Not while images are in progress: a worker only receives images given after its
   * start.
   */
  #start(count: number): void {
    while (this.#workers.length < count) {
      const worker = startWorker('./pixels.worker', import.meta.url, { workerData: this.#setup });
      this.#workers.push(worker);
      this.#exits.push(this.#watch(worker));
    }
  }

  async *decode(images: Iterable<ImageFile> | AsyncIterable<ImageFile>): AsyncGenerator<PixelResult> {
    if (this.#decoding) throw new Error('decode is under way already: one call at a time');
    this.#decoding = true;
    const stop = (): void => this.#wake?.();
    this.#signal?.addEventListener('abort', stop);
    const source = Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : images[Symbol.iterator]();
    const waiting: { readonly index: number; readonly image: ImageFile }[] = [];
    let ended = false;
    try {
      for (;;) {
        this.#check();
        const tasks: WorkerTask[] = [];
        while (!ended && waiting.length < this.#ahead) {
          const step = await source.next();
          if (step.done === true) {
            ended = true;
            break;
          }
          const index = this.#sent++;
          waiting.push({ index, image: step.value });
          const { path, entry } = step.value;
          tasks.push(entry === undefined ? { index, path } : { index, path, entry });
        }
        if (tasks.length > 0) {
          // The first of these batches is longer than there are threads, or the only one.
          if (waiting.length === tasks.length) this.#start(Math.min(this.threads, tasks.length));
          for (const worker of this.#workers) worker.postMessage(tasks);
        }
        const next = waiting.shift();
        if (next === undefined) return;
        yield toResult(next.image, await this.#resultOf(next.index));
      }
    } finally {
      this.#signal?.removeEventListener('abort', stop);
      // Left early: pending results are not awaited, and no further images must be claimed.
      if (waiting.length > 0) await this.close();
      this.#decoding = false;
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      Atomics.store(this.#claims, 0, 2 ** 31 - 1);
      for (const worker of this.#workers) worker.postMessage('stop');
    }
    await Promise.all(this.#exits);
    this.#finished.clear();
  }

  async #resultOf(index: number): Promise<FilePixels> {
    for (;;) {
      const result = this.#finished.get(index);
      if (result !== undefined) {
        this.#finished.delete(index);
        return result;
      }
      this.#check();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #check(): void {
    this.#signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new Error('the pixel pipeline is closed');
  }

  /** Resolves when the worker exits; an unexpected exit fails the whole pipeline. */
  #watch(worker: Worker): Promise<void> {
    worker.on('message', ({ index, result }: WorkerReply) => {
      if (this.#closed) return;
      this.#finished.set(index, result);
      this.#wake?.();
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake?.();
    };
    worker.on('error', fail);
    return new Promise((resolve) => {
      worker.on('exit', (code) => {
        if (!this.#closed) fail(new Error(`a decoding thread ended by itself (code ${code})`));
        resolve();
      });
    });
  }
}

function bytesOfAll({ views, beside = [], ...form }: PixelRecipe): number {
  const own = bytesPerImage(form) * (1 + (views?.count ?? 0));
  return beside.reduce((sum, recipe) => sum + bytesOfAll(recipe), own);
}

function toResult(image: ImageFile, file: FilePixels): PixelResult {
  const { outcome, sha256, seconds, pixels, views = [], beside, clipped = false, reason = 'no reason given' } = file;
  if (outcome === 'failed' || sha256 === undefined) return { outcome: 'failed', image, reason, sha256, seconds };
  if (pixels === undefined) return { outcome: 'known', image, sha256, seconds };
  return { outcome: 'pixels', image, sha256, pixels, views, beside, clipped, seconds };
}
