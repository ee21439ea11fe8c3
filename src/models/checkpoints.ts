/** Where a long fit keeps what it has reached: whatever was written last under a key is whole. */
export interface Checkpoints {
  /** What was written last; undefined if nothing was. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Takes the place of what was written before, at once or not at all. */
  write(key: string, bytes: Uint8Array): Promise<void>;
}
