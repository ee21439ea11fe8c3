import { join } from 'node:path';
import type { Files } from '../../system/files.ts';
import { ScratchFile } from './scratch-file.ts';
import { type Ranked, Tournament } from './tournament.ts';

/** A number to sort by, and what belongs to it: characters of one byte each. */
export interface Keyed {
  readonly key: number;
  readonly text: string;
}

/** What an item costs in memory beside its characters: two objects and their places. */
const bytesPerItem = 96;
/** Key, length of the text. */
const headBytes = 12;
const blockBytes = 1 << 16;

/**
 * Sorts any number of items by their key; items of one key keep the order in which they came. What exceeds the memory
 * that it is given goes to the disk in sorted runs. `close()` it.
 */
export class ExternalSort {
  readonly #files: Files;
  readonly #path: string;
  readonly #memoryBytes: number;
  #items: Keyed[] = [];
  #bytes = 0;
  readonly #runs: Run[] = [];

  /** @param name of its files in the folder, without ending */
  constructor(files: Files, folder: string, name: string, memoryBytes: number) {
    this.#files = files;
    this.#path = join(folder, name);
    this.#memoryBytes = memoryBytes;
  }

  /** Adds an item; where it returns true, `spill()` comes before the next one. */
  add(key: number, text: string): boolean {
    this.#items.push({ key, text });
    this.#bytes += text.length + bytesPerItem;
    return this.#bytes >= this.#memoryBytes;
  }

  /** Moves what is in memory to the disk. */
  async spill(): Promise<void> {
    const run = new Run(new ScratchFile(this.#files, `${this.#path}-${this.#runs.length}.run`));
    this.#runs.push(run);
    await run.write(this.#takeSorted());
  }

  /** All items in order, an array at a time. */
  async *sorted(): AsyncGenerator<readonly Keyed[]> {
    if (this.#runs.length === 0) {
      yield this.#takeSorted();
      return;
    }
    if (this.#items.length > 0) await this.spill();
    const runs = this.#runs;
    for (const run of runs) await run.fill();
    const tournament = new Tournament(runs);
    let batch: Keyed[] = [];
    for (;;) {
      const least = tournament.least;
      const run = runs[least] as Run;
      if (run.key === Number.POSITIVE_INFINITY) break;
      batch.push({ key: run.key, text: run.text });
      if (!run.step()) await run.fill();
      tournament.update(least);
      if (batch.length < 4096) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  }

  async close(): Promise<void> {
    this.#items = [];
    for (const run of this.#runs.splice(0)) await run.remove();
  }

  #takeSorted(): readonly Keyed[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    // Array.prototype.sort is stable.
    return items.sort((a, b) => a.key - b.key);
  }
}

function* encodeItems(items: readonly Keyed[]): Generator<Uint8Array> {
  let block = Buffer.allocUnsafe(1 << 20);
  let at = 0;
  for (const { key, text } of items) {
    const needed = headBytes + text.length;
    if (at + needed > block.length) {
      yield block.subarray(0, at);
      at = 0;
      if (needed > block.length) block = Buffer.allocUnsafe(needed);
    }
    block.writeDoubleLE(key, at);
    block.writeUInt32LE(text.length, at + 8);
    block.write(text, at + headBytes, 'latin1');
    at += needed;
  }
  yield block.subarray(0, at);
}

/** One sorted run on the disk; `key` and `text` are those of its first item that was not taken yet. */
class Run implements Ranked {
  key: number = Number.NEGATIVE_INFINITY;
  text = '';
  readonly #file: ScratchFile;
  #position = 0;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  async write(items: readonly Keyed[]): Promise<void> {
    for (const block of encodeItems(items)) await this.#file.append(block);
    await this.#file.close();
  }

  /** Goes to the next item; false where more of the file must be read first. */
  step(): boolean {
    const left = this.#block.length - this.#at;
    if (left < headBytes) return false;
    const length = this.#block.readUInt32LE(this.#at + 8);
    if (left < headBytes + length) return false;
    this.key = this.#block.readDoubleLE(this.#at);
    const start = this.#at + headBytes;
    this.text = this.#block.toString('latin1', start, start + length);
    this.#at = start + length;
    return true;
  }

  /** Reads on and goes to the next item; the key is Infinity at the end. */
  async fill(): Promise<void> {
    const rest = this.#block.subarray(this.#at);
    const left = this.#file.size - this.#position;
    if (left === 0) {
      this.key = Number.POSITIVE_INFINITY;
      return;
    }
    const needed = rest.length >= headBytes ? headBytes + rest.readUInt32LE(8) - rest.length : headBytes;
    const more = Buffer.allocUnsafe(Math.min(left, Math.max(blockBytes, needed)));
    await this.#file.read(more, this.#position);
    this.#position += more.length;
    this.#block = Buffer.concat([rest, more]);
    this.#at = 0;
    if (!this.step()) await this.fill();
  }

  async remove(): Promise<void> {
    await this.#file.remove();
  }
}
