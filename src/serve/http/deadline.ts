import type { ServerResponse } from 'node:http';
import { HttpError } from './http-error.ts';

/**
 * How long a request is worth its work: until its time is over, or nobody waits for the answer any more. `end()` it: a
 * timer or a listener that is left would keep all of the request in memory for as long as its time limit, and under many
 * requests a second that is many of them.
 */
export class Deadline {
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #response: ServerResponse;
  readonly #onClose = (): void => this.#over.abort(new HttpError(499, 'nobody waits for the answer'));

  constructor(response: ServerResponse, seconds: number) {
    const late = (): void => this.#over.abort(new HttpError(504, 'no answer within the time limit'));
    this.#timer = setTimeout(late, seconds * 1000).unref();
    this.#response = response.once('close', this.#onClose);
  }

  /** Aborted by an HttpError: 504 or 499. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** What comes of it, or the signal's reason where that is there first. */
  async inTime<T>(result: Promise<T>): Promise<T> {
    const { signal } = this;
    const over = new Promise<never>((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return Promise.race([result, over]);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#response.off('close', this.#onClose);
  }
}
