/** Bytes of a sha256 that are kept: 128 bits tell images apart as surely as 256. */
const keyBytes = 16;

/** Images known by their sha256: 24 to 32 bytes each, where a Set of strings takes five times that and ends at 2^24. */
export class ImageSet {
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
    this.#key.write(sha256.slice(0, 2 * keyBytes), 'hex');
    return this.#slots[this.#find(this.#key)] !== -1;
  }

  add(sha256: string): void {
    this.#key.write(sha256.slice(0, 2 * keyBytes), 'hex');
    const slot = this.#find(this.#key);
    if (this.#slots[slot] !== -1) return;
    if ((this.#size + 1) * keyBytes > this.#keys.length) {
      const grown = Buffer.alloc(Math.max(1024, this.#keys.length * 2));
      grown.set(this.#keys);
      this.#keys = grown;
    }
    this.#keys.set(this.#key, this.#size * keyBytes);
    this.#slots[slot] = this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#grow();
  }

  /** The slot of a key, or the free one where it belongs. */
  #find(key: Buffer): number {
    const mask = this.#slots.length - 1;
    for (let slot = key.readInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] as number;
      if (entry === -1) return slot;
      if (this.#keys.compare(key, 0, keyBytes, entry * keyBytes, (entry + 1) * keyBytes) === 0) return slot;
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let entry = 0; entry < this.#size; entry++) {
      const key = this.#keys.subarray(entry * keyBytes, (entry + 1) * keyBytes);
      this.#slots[this.#find(key)] = entry;
    }
  }
}
