import { seedGenerator } from '../../../src/extract/weights/random/draw.kernel.ts';
import { nextUint32 } from '../../../src/numerics/xoshiro.kernel.ts';

/** Seeded choices: the same seed gives the same input on every machine. */
export class Draw {
  readonly #state: Int32Array;

  constructor(seed: number) {
    this.#state = seedGenerator(seed);
  }

  /** An integer from 0 to `end`, exclusive. */
  below(end: number): number {
    return Math.floor((nextUint32(this.#state) / 4294967296) * end);
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}
