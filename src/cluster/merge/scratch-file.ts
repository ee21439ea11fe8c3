import { removeFile, writeFailure } from '../../system/durable.ts';
import { type Files, type OpenFile, readFailure, readFully } from '../../system/files.ts';

/** A file of a merge under way: written from front to back, read when it is whole, gone when the merge is over. */
export class ScratchFile {
  readonly #files: Files;
  readonly #path: string;
  #file: OpenFile | undefined;
  #size = 0;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  get size(): number {
    return this.#size;
  }

  /** No flush: what a power cut takes is made again by the next merge. */
  async append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    try {
      this.#file ??= await this.#files.open(this.#path, 'w');
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done);
        if (bytesWritten === 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'ENOSPC' });
        done += bytesWritten;
      }
      this.#size += bytes.length;
    } catch (error) {
      throw await writeFailure(this.#files, this.#path, error, bytes.length);
    }
  }

  /** Ends writing. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Fills `target` with the bytes from `position` on. */
  async read(target: Uint8Array, position: number): Promise<void> {
    const file = await this.#files.open(this.#path, 'r').catch((error) => {
      throw readFailure(this.#path, error);
    });
    try {
      await readFully(file, this.#path, target, position);
    } finally {
      await file.close();
    }
  }

  async remove(): Promise<void> {
    await this.close();
    await removeFile(this.#files, this.#path);
  }
}
