/** A sequence whose items come in rising order of a key; Infinity behind the last one. */
export interface Ranked {
  readonly key: number;
}

/**
 * Which of many sequences has the least key: a tree of comparisons, of which one path is played again when its
 * winner has moved on. Of equal keys the sequence with the lower number comes first.
 */
export class Tournament {
  readonly #sequences: readonly Ranked[];
  /** Inner nodes of a complete binary tree, root at 1: number of the sequence that won there. */
  readonly #winners: Int32Array;
  readonly #leafCount: number;

  constructor(sequences: readonly Ranked[]) {
    this.#sequences = sequences;
    this.#leafCount = 1;
    while (this.#leafCount < sequences.length) this.#leafCount *= 2;
    this.#winners = new Int32Array(2 * this.#leafCount).fill(-1);
    for (let i = 0; i < sequences.length; i++) this.#winners[this.#leafCount + i] = i;
    for (let node = this.#leafCount - 1; node >= 1; node--) this.#play(node);
  }

  /** Number of the sequence with the least key; -1 where there is no sequence. */
  get least(): number {
    return this.#winners[1] as number;
  }

  /** To be called when the key of a sequence has changed. */
  update(sequence: number): void {
    for (let node = (this.#leafCount + sequence) >> 1; node >= 1; node >>= 1) this.#play(node);
  }

  #play(node: number): void {
    const left = this.#winners[2 * node] as number;
    const right = this.#winners[2 * node + 1] as number;
    const rightWins =
      left === -1 || (right !== -1 && (this.#sequences[right] as Ranked).key < (this.#sequences[left] as Ranked).key);
    this.#winners[node] = rightWins ? right : left;
  }
}
