import type { PickleValue } from './pickle-value.ts';

/** Python itself writes no pickle of deeper data: its recursion limit is 1,000. */
export const deepestPickle = 1000;

/** Values that wait to be put together. Protocol 0 and 1 let a whole list or tuple wait at once. */
export const longestPickleStack = 4_000_000;

/** How deep containers lie in each other, kept while they are filled: a few bytes of a pickle may ask for one more level. */
export class PickleDepth {
  readonly #depths = new WeakMap<object, number>();

  /** Takes note that a container holds items. @returns its depth, 1 for one that holds no other */
  add(container: object, items: readonly PickleValue[]): number {
    let depth = this.#depths.get(container) ?? 1;
    for (const item of items) {
      if (typeof item === 'object' && item !== null) depth = Math.max(depth, 1 + (this.#depths.get(item) ?? 0));
    }
    this.#depths.set(container, depth);
    return depth;
  }
}
