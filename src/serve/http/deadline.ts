import type { ServerResponse } from 'node:http';
import { HttpError } from './http-error.ts';

/**
 * Aborts a request at its time limit or when the client disconnects. `end()` it: a remaining timer or listener would
 * keep the request in memory until the time limit.
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

  /** Resolves to the result, or throws the signal's reason if aborted first. */
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
