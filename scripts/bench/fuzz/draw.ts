import { nextUint32, seedGenerator } from '../../../src/extract/weights/random/draw.kernel.ts';

/** Seeded choices: the same seed makes the same input on every machine. */
export class Draw {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = seedGenerator(seed);
  }

  /** A whole number from 0 up to and without `end`. */
  below(end: number): number {
    return Math.floor((nextUint32(this.#state) / 4294967296) * end);
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}
