import { setTimeout as wait } from 'node:timers/promises';
import type { PixelBatch } from '../../extract/backbone/backbone.ts';
import { stackBeside } from '../../extract/stack-pixels.ts';
import { valueAt } from '../../system/at.ts';

/** How long a batch that is not full waits for photos that are on their way, in milliseconds. */
const longestWaitMs = 5;

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
  /** Most images in one run. */
  readonly batch: number;
  /**
   * Runs the network, or several: a row for each image.
   *
   * @param batches the same images for each network
   * @param explained which images are to have their evidence
   */
  readonly run: (batches: readonly PixelBatch[], explained: readonly boolean[]) => Promise<readonly Row[]>;
  /** Photos on their way here: with none a batch does not wait. */
  readonly pending: () => number;
}

/** Gathers images that arrive within a few milliseconds of each other into one run of the network. */
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
   * @throws the signal's reason where the image was let go before its run
   */
  ask(pixels: readonly Uint8Array[], signal: AbortSignal, explained = false): Promise<Row> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pixels, signal, explained, resolve, reject });
      if (this.#waiting.length >= this.#options.batch) this.#full?.();
      this.#running ??= this.#work();
    });
  }

  /** Resolves once nothing runs or waits. */
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
    // Requests that lie in the sockets come first: the network blocks this thread.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#waiting.length >= this.#options.batch || this.#options.pending() === 0) return;
    const full = new Promise<void>((resolve) => {
      this.#full = resolve;
    });
    await Promise.race([full, wait(longestWaitMs)]);
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
