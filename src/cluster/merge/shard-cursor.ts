import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rowLength, type ShardEntry } from '../../features/manifest/manifest.ts';
import { ShardFile, type ShardShape } from '../../features/shards/shard.ts';
import { bytesPerNumber, npyHeaderBytes, npyPrefixBytes, parseNpyHeader } from '../../formats/npy/npy.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, type OpenFile, readFailure, readFully } from '../../system/files.ts';

/**
 * Gives groups of rows of one shard, in rising order at the cost of reading it once: from its first byte to its last, a
 * block at a time and one block ahead, which is checked against its sha256 at the end.
 */
export class ShardCursor {
  readonly #files: Files;
  readonly #folder: string;
  readonly #entry: ShardEntry;
  readonly #shape: ShardShape;
  readonly #hash = createHash('sha256');
  readonly #rowBytes: number;
  /** Rows of one image. */
  readonly #stride: number;
  readonly #rowsPerBlock: number;
  #dataOffset = 0;
  /** The block that is in memory. */
  #block: Uint8Array = new Uint8Array(0);
  #firstRow = 0;
  #ahead: Promise<Uint8Array | UserError> | undefined;
  #nextRow = 0;
  /** The shard for rows that were passed already, checked as a whole. */
  #again: ShardFile | undefined;

  /** @param entry its file is relative to `folder` */
  constructor(
    files: Files,
    folder: string,
    entry: ShardEntry,
    shape: ShardShape,
    { stride, bufferBytes }: { readonly stride: number; readonly bufferBytes: number },
  ) {
    this.#files = files;
    this.#folder = folder;
    this.#entry = entry;
    this.#shape = shape;
    this.#stride = stride;
    this.#rowBytes = rowLength(shape.rowShape) * bytesPerNumber(shape.dtype);
    const imageBytes = this.#rowBytes * stride;
    this.#rowsPerBlock = Math.max(1, Math.floor(bufferBytes / 2 / imageBytes)) * stride;
  }

  /** The rows of the image whose first row is given, if they are in memory; valid until the next call of `take`. */
  tryTake(row: number): Uint8Array | undefined {
    const at = (row - this.#firstRow) * this.#rowBytes;
    const end = at + this.#stride * this.#rowBytes;
    return at >= 0 && end <= this.#block.length ? this.#block.subarray(at, end) : undefined;
  }

  async take(row: number): Promise<Uint8Array> {
    for (;;) {
      const found = this.tryTake(row);
      if (found !== undefined) return found;
      if (row < this.#firstRow) return this.#takeAgain(row);
      if (!(await this.#readOn())) throw new RangeError(`row ${row} of a shard with ${this.#entry.rowCount} rows`);
    }
  }

  /** Forgets its block once its last row was read: rows that are asked for again are read again. */
  release(): void {
    if (this.#ahead !== undefined || this.#nextRow < this.#entry.rowCount) return;
    this.#firstRow += this.#block.length / this.#rowBytes;
    this.#block = new Uint8Array(0);
  }

  /**
   * Reads what is left, and checks the shard.
   *
   * @throws UserError when a single bit differs
   */
  async finish(): Promise<void> {
    while (await this.#readOn());
    await this.#again?.close();
    this.#again = undefined;
    this.#block = new Uint8Array(0);
    const sha256 = this.#hash.digest('hex');
    if (sha256 === this.#entry.sha256) return;
    throw new UserError({
      what: 'a shard is damaged: its bytes changed since it was written',
      where: join(this.#folder, this.#entry.file),
      found: `sha256 ${sha256.slice(0, 12)}...`,
      expected: `sha256 ${this.#entry.sha256.slice(0, 12)}...`,
    });
  }

  async #readOn(): Promise<boolean> {
    if (this.#dataOffset === 0) await this.#readHeader();
    const ahead = this.#ahead ?? this.#readBlock();
    if (ahead === undefined) return false;
    const block = await ahead;
    if (block instanceof UserError) throw block;
    this.#hash.update(block);
    this.#firstRow += this.#block.length / this.#rowBytes;
    this.#block = block;
    this.#ahead = this.#readBlock();
    return true;
  }

  async #readHeader(): Promise<void> {
    const path = join(this.#folder, this.#entry.file);
    await this.#withFile(async (file) => {
      const size = await file.size();
      const prefix = new Uint8Array(Math.min(size, npyPrefixBytes));
      await readFully(file, path, prefix, 0);
      const header = new Uint8Array(npyHeaderBytes(prefix, path));
      await readFully(file, path, header, 0);
      const { shape, dtype } = parseNpyHeader(header, size, path);
      const expected = [this.#entry.rowCount, ...this.#shape.rowShape];
      if (shape.join() !== expected.join() || dtype !== this.#shape.dtype) {
        throw new UserError({
          what: 'a shard is not the one that its record names',
          where: path,
          found: `${dtype} (${shape.join(', ')})`,
          expected: `${this.#shape.dtype} (${expected.join(', ')})`,
        });
      }
      this.#hash.update(header);
      this.#dataOffset = header.length;
    });
  }

  /** Begins to read the next block; undefined behind the last one. */
  #readBlock(): Promise<Uint8Array | UserError> | undefined {
    const first = this.#nextRow;
    const count = Math.min(this.#rowsPerBlock, this.#entry.rowCount - first);
    if (count <= 0) return undefined;
    this.#nextRow += count;
    const block = new Uint8Array(count * this.#rowBytes);
    const path = join(this.#folder, this.#entry.file);
    const read = this.#withFile((file) => readFully(file, path, block, this.#dataOffset + first * this.#rowBytes));
    return read.then(
      () => block,
      (error) => readFailure(path, error),
    );
  }

  async #takeAgain(row: number): Promise<Uint8Array> {
    if (this.#again === undefined) {
      this.#again = await ShardFile.open(this.#files, this.#folder, this.#entry, this.#shape);
      await this.#again.check();
    }
    const bytes = new Uint8Array(this.#stride * this.#rowBytes);
    await this.#again.readRows(row, bytes);
    return bytes;
  }

  async #withFile<T>(work: (file: OpenFile) => Promise<T>): Promise<T> {
    const path = join(this.#folder, this.#entry.file);
    const file = await this.#files.open(path, 'r').catch((error) => {
      throw readFailure(path, error);
    });
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  }
}
