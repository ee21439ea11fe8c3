import { createHash } from 'node:crypto';
import { DurableFile } from '../../system/durable.ts';
import type { Files } from '../../system/files.ts';
import { ScratchFile } from './scratch-file.ts';

const blockCharacters = 1 << 20;

/** Writes raw text (one byte per character) in blocks. Where `add` returns true, `flush()` comes before the next one. */
export class RawText {
  readonly #write: (block: Uint8Array) => Promise<void>;
  #text = '';

  constructor(write: (block: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  add(text: string): boolean {
    this.#text += text;
    return this.#text.length >= blockCharacters;
  }

  async flush(): Promise<void> {
    const block = Buffer.from(this.#text, 'latin1');
    this.#text = '';
    await this.#write(block);
  }
}

/**
 * A table of the set that a merge writes: lines of images that the set held before come first, by their row, and are
 * known last. So where there are such, the lines of new images wait in a file of their own.
 */
export class MergedTable {
  readonly #file: DurableFile;
  readonly #hash = createHash('sha256');
  readonly #text: RawText;
  readonly #waiting: ScratchFile | undefined;
  readonly #new: RawText;

  private constructor(file: DurableFile, waiting: ScratchFile | undefined) {
    this.#file = file;
    this.#text = new RawText((block) => {
      this.#hash.update(block);
      return this.#file.write(block);
    });
    this.#waiting = waiting;
    this.#new = waiting === undefined ? this.#text : new RawText((block) => waiting.append(block));
  }

  /** @param waiting where lines of new images wait; absent where there are no others */
  static async open(files: Files, path: string, head: string, waiting?: string): Promise<MergedTable> {
    const scratch = waiting === undefined ? undefined : new ScratchFile(files, waiting);
    const table = new MergedTable(await DurableFile.open(files, path), scratch);
    table.#text.add(head);
    return table;
  }

  /** A line of a new image, in the order of their rows. */
  addNew(line: string): boolean {
    return this.#new.add(line);
  }

  flushNew(): Promise<void> {
    return this.#new.flush();
  }

  /** A line that stands before those of new images, or, after `endNew`, behind them. */
  async add(line: string): Promise<void> {
    if (this.#text.add(line)) await this.#text.flush();
  }

  /** Puts the lines of new images behind those that were added. */
  async endNew(): Promise<void> {
    await this.#new.flush();
    await this.#text.flush();
    if (this.#waiting === undefined) return;
    await this.#waiting.close();
    const block = new Uint8Array(blockCharacters);
    for (let at = 0; at < this.#waiting.size; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, this.#waiting.size - at));
      await this.#waiting.read(part, at);
      this.#hash.update(part);
      await this.#file.write(part);
    }
  }

  /**
   * @param withCheck whether the sha256 of what stands before it is the last line
   * @returns sha256 of the file
   */
  async finish(withCheck = false): Promise<string> {
    await this.#text.flush();
    if (withCheck) await this.#file.write(new TextEncoder().encode(`${this.#hash.copy().digest('hex')}\n`));
    return this.#file.finish();
  }

  async discard(): Promise<void> {
    await this.#file.discard();
    await this.#waiting?.remove();
  }
}
