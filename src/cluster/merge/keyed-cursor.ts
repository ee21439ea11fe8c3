import type { Keyed } from './external-sort.ts';

/** Takes sorted items as their keys come up. */
export class KeyedCursor {
  readonly #batches: AsyncIterator<readonly Keyed[]>;
  #batch: readonly Keyed[] = [];
  #at = 0;
  #ended = false;

  constructor(sorted: AsyncIterable<readonly Keyed[]>) {
    this.#batches = sorted[Symbol.asyncIterator]();
  }

  /** The items up to and with `key` that were not taken yet. */
  async takeUpTo(key: number): Promise<readonly Keyed[]> {
    const taken: Keyed[] = [];
    for (;;) {
      for (; this.#at < this.#batch.length; this.#at++) {
        const item = this.#batch[this.#at] as Keyed;
        if (item.key > key) return taken;
        taken.push(item);
      }
      if (this.#ended) return taken;
      const { value, done } = await this.#batches.next();
      this.#ended = done === true;
      this.#batch = done === true ? [] : (value as readonly Keyed[]);
      this.#at = 0;
    }
  }
}
