/** Checkpoints of long fits, by key. Writes are atomic. */
export interface Checkpoints {
  /** The last checkpoint; undefined if there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Atomically replaces the last checkpoint. */
  write(key: string, bytes: Uint8Array): Promise<void>;
}
