/** Bytes of a sha256 used as key: 128 bits suffice. */
const keyBytes = 16;

/**
 * Numbers images by sha256, from 0 in insertion order. Takes 24 to 48 bytes per image; a Map of strings takes five
 * times that and holds at most 2^24.
 */
export class ImageNumbers {
  #keys: Buffer = Buffer.alloc(0);
  /** Number of a key, or -1; a power of two long. */
  #slots: Int32Array = new Int32Array(16).fill(-1);
  #size = 0;
  readonly #key: Buffer = Buffer.alloc(keyBytes);

  get size(): number {
    return this.#size;
  }

  /** @param sha256 lower-case hex */
  has(sha256: string): boolean {
    return this.#slots[this.#slotOf(sha256)] !== -1;
  }

  /** The number of an image, a new one if unknown. */
  add(sha256: string): number {
    const slot = this.#slotOf(sha256);
    const known = this.#slots[slot] as number;
    if (known !== -1) return known;
    const number = this.#size++;
    if (this.#size * keyBytes > this.#keys.length) {
      const grown = Buffer.alloc(Math.max(1024, this.#keys.length * 2));
      grown.set(this.#keys);
      this.#keys = grown;
    }
    this.#keys.set(this.#key, number * keyBytes);
    this.#slots[slot] = number;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return number;
  }

  #slotOf(sha256: string): number {
    this.#key.write(sha256.slice(0, 2 * keyBytes), 'hex');
    return this.#find(this.#key);
  }

  /** The slot of a key, or the free slot for it. */
  #find(key: Buffer): number {
    const mask = this.#slots.length - 1;
    for (let slot = key.readInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] as number;
      if (number === -1) return slot;
      if (this.#keys.compare(key, 0, keyBytes, number * keyBytes, (number + 1) * keyBytes) === 0) return slot;
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let number = 0; number < this.#size; number++) {
      const key = this.#keys.subarray(number * keyBytes, (number + 1) * keyBytes);
      this.#slots[this.#find(key)] = number;
    }
  }
}
