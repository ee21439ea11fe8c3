import type { PixelBatch } from '../../extract/backbone/backbone.ts';
import { stackBeside } from '../../extract/stack-pixels.ts';
import { valueAt } from '../../system/at.ts';

interface Asked<Row> {
  readonly pixels: readonly Uint8Array[];
  readonly signal: AbortSignal;
  readonly explained: boolean;
  readonly resolve: (row: Row) => void;
  readonly reject: (error: unknown) => void;
}

interface NetworkQueueOptions<Row> {
  /** Side of the square crop, in pixels, for each network that looks at an image. */
  readonly crops: readonly number[];
  readonly batch: number;
  /**
   * Runs the networks; returns a row per image.
   *
   * @param batches the same images for each network
   * @param explained which images need evidence
   */
  readonly run: (batches: readonly PixelBatch[], explained: readonly boolean[]) => Promise<readonly Row[]>;
  /** Number of pending photos: if none, a batch does not wait. */
  readonly pending: () => number;
  /** How long an incomplete batch waits for pending photos, in milliseconds. */
  readonly longestWaitMs?: number;
}

/** Batches images that arrive within a few milliseconds. */
export class NetworkQueue<Row> {
  readonly #options: NetworkQueueOptions<Row>;
  #waiting: Asked<Row>[] = [];
  #running: Promise<void> | undefined;
  #full: (() => void) | undefined;

  constructor(options: NetworkQueueOptions<Row>) {
    this.#options = options;
  }

  /**
   * @param pixels of one image, for each network
   * @throws the signal's reason if aborted before the run
   */
  ask(pixels: readonly Uint8Array[], signal: AbortSignal, explained = false): Promise<Row> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pixels, signal, explained, resolve, reject });
      if (this.#waiting.length >= this.#options.batch) this.#full?.();
      this.#running ??= this.#work();
    });
  }

  /** Resolves when nothing is running or waiting. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      for (const { reject, signal } of this.#waiting.filter(({ signal }) => signal.aborted)) reject(signal.reason);
      const wanted = this.#waiting.filter(({ signal }) => !signal.aborted);
      this.#waiting = wanted.splice(this.#options.batch);
      if (wanted.length > 0) await this.#run(wanted);
    }
    this.#running = undefined;
  }

  async #gather(): Promise<void> {
    // Read pending requests first, since the network blocks this thread.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#waiting.length >= this.#options.batch || this.#options.pending() === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#full = resolve;
      timer = setTimeout(resolve, this.#options.longestWaitMs ?? 5);
    });
    clearTimeout(timer);
    this.#full = undefined;
  }

  async #run(asked: readonly Asked<Row>[]): Promise<void> {
    const { crops, run } = this.#options;
    const images = asked.map(({ pixels }) => pixels);
    try {
      const explained = asked.map((image) => image.explained);
      const rows = await run(stackBeside(crops, images), explained);
      asked.forEach(({ resolve }, i) => {
        resolve(valueAt(rows, i));
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
