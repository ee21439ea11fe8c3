import { decodeNumbers } from '../formats/npy/npy.ts';
import { decodeItems, type NpyMatrixFile } from '../formats/npy/npy-file.ts';
import { UserError } from '../system/errors.ts';
import { nodeFiles, type OpenFile, readFailure } from '../system/files.ts';
import type { RowStore } from './row-store.ts';

/** The rows of an .npy file written by another program: any plain numeric type, in C order. */
export class NpyStore implements RowStore {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rowBytes: number;
  readonly where: string;
  readonly #described: NpyMatrixFile;
  #open: OpenFile | undefined;
  /** Modification time when first opened, to detect a change between two passes. */
  #mtimeMs: number | undefined;

  constructor(described: NpyMatrixFile) {
    if (described.fortranOrder) throw new RangeError(`${described.path}: rows in Fortran order are not contiguous`);
    this.#described = described;
    this.rowCount = described.rowCount;
    this.columnCount = described.columnCount;
    this.rowBytes = described.columnCount * described.itemBytes;
    this.where = described.path;
  }

  async read(first: number, target: Uint8Array): Promise<void> {
    const file = await this.#file();
    const position = this.#described.dataOffset + first * this.rowBytes;
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await file
        .read(target, done, target.length - done, position + done)
        .catch((cause: unknown) => {
          throw readFailure(this.where, cause);
        });
      if (bytesRead === 0) throw this.#changed();
      done += bytesRead;
    }
  }

  fileEnd(): number {
    return this.rowCount;
  }

  decode(bytes: Uint8Array, target: Float32Array): void {
    const { type, bigEndian } = this.#described;
    if (bigEndian || !['f2', 'f4', 'f8'].includes(type)) decodeItems(this.#described, bytes, target);
    else if (type === 'f8') target.set(new Float64Array(bytes.buffer, bytes.byteOffset, target.length));
    else decodeNumbers(bytes, type === 'f2' ? 'float16' : 'float32', target);
  }

  async close(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    await file?.close();
  }

  async #file(): Promise<OpenFile> {
    if (this.#open !== undefined) return this.#open;
    const refuse = (cause: unknown): never => {
      throw readFailure(this.where, cause);
    };
    this.#open = await nodeFiles.open(this.where, 'r').catch(refuse);
    const { mtimeMs } = await nodeFiles.stat(this.where).catch(refuse);
    this.#mtimeMs ??= mtimeMs;
    if (mtimeMs !== this.#mtimeMs) throw this.#changed();
    return this.#open;
  }

  #changed(): UserError {
    return new UserError({
      what: 'the file changed while it was being read',
      where: this.where,
      fix: 'run the command again when nothing writes to it',
    });
  }
}
