import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { openBudget, type PixelBudget } from '../../extract/images/pipeline/pixel-budget.ts';
import type { FilePixels } from '../../extract/images/pipeline/pixel-protocol.ts';
import type { PixelRecipe } from '../../extract/images/pipeline/pixel-result.ts';
import { startWorker } from '../../system/workers.ts';

/**
 * Photos queued per thread, including the one being decoded: the network blocks the main thread for some hundred
 * milliseconds.
 */
const photosPerThread = 8;

interface Thread {
  readonly worker: Worker;
  held: number;
}

interface Asked {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** If aborted, a photo not yet given to a thread is dropped. */
  readonly signal: AbortSignal;
  readonly resolve: (pixels: FilePixels) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Decodes photos in memory as soon as a thread is free, in any order, unlike the pixel pipeline of `extract`. Owns
 * worker threads: `close()` it.
 */
export class PhotoPool {
  readonly #threads: readonly Thread[];
  readonly #exits: readonly Promise<void>[];
  readonly #waiting: Asked[] = [];
  readonly #underWay = new Map<number, Asked>();
  #sent = 0;
  #failure: Error | undefined;
  #closed = false;

  /** @param threads upper bound of worker threads; default: as many as the machine has cores */
  constructor(recipe: PixelRecipe, threads: number = availableParallelism()) {
    const setup: PhotoSetup = { recipe, budget: openBudget(threads) };
    this.#threads = Array.from({ length: threads }, () => ({
      worker: startWorker('./photos.worker', import.meta.url, { workerData: setup }),
      held: 0,
    }));
    this.#exits = this.#threads.map((thread) => this.#watch(thread));
  }

  get pending(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  /**
   * Decodes a file's bytes; a failure is a result with its reason. Transfers the bytes: the caller's view is empty
   * afterwards.
   *
   * @throws the signal's reason if aborted
   */
  read(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<FilePixels> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      if (this.#closed) return reject(new Error('the photo pool is closed'));
      this.#waiting.push({ bytes, signal, resolve, reject });
      this.#hand();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { worker } of this.#threads) worker.postMessage('stop');
    await Promise.all(this.#exits);
    this.#rejectAll(new Error('the photo pool is closed'));
  }

  #hand(): void {
    for (;;) {
      const thread = this.#threads.reduce((one, other) => (other.held < one.held ? other : one));
      if (thread.held >= photosPerThread) return;
      const asked = this.#waiting.shift();
      if (asked === undefined) return;
      if (asked.signal.aborted) {
        asked.reject(asked.signal.reason);
        continue;
      }
      const index = this.#sent++;
      this.#underWay.set(index, asked);
      thread.held++;
      const task: PhotoTask = { index, bytes: asked.bytes };
      thread.worker.postMessage(task, [asked.bytes.buffer]);
    }
  }

  /** Resolves when the thread exits; an unexpected exit fails the whole pool. */
  #watch(thread: Thread): Promise<void> {
    const { worker } = thread;
    worker.on('message', ({ index, pixels }: PhotoReply) => {
      thread.held--;
      this.#underWay.get(index)?.resolve(pixels);
      this.#underWay.delete(index);
      this.#hand();
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#rejectAll(error);
    };
    worker.on('error', fail);
    return new Promise((resolve) => {
      worker.on('exit', (code) => {
        if (!this.#closed) fail(new Error(`a decoding thread ended by itself (code ${code})`));
        resolve();
      });
    });
  }

  #rejectAll(error: Error): void {
    for (const asked of [...this.#waiting.splice(0), ...this.#underWay.values()]) asked.reject(error);
    this.#underWay.clear();
  }
}

export interface PhotoSetup {
  readonly recipe: PixelRecipe;
  readonly budget: PixelBudget;
}

export interface PhotoTask {
  readonly index: number;
  /** Bytes of an image file, transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface PhotoReply {
  readonly index: number;
  readonly pixels: FilePixels;
}
