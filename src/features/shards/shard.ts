import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import {
  bytesPerNumber,
  type Dtype,
  encodeNpy,
  type NpyHeader,
  npyHeaderBytes,
  npyPrefixBytes,
  parseNpyHeader,
  writtenHeaderBytes,
} from '../../formats/npy/npy.ts';
import { writeDurably } from '../../system/durable.ts';
import { errorCode, InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, type OpenFile, readFailure, readFully } from '../../system/files.ts';
import { repairCommand } from '../../system/own-command.ts';
import { hashBytes } from '../index/table.kernel.ts';
import { rowLength, type ShardEntry } from '../manifest/manifest.ts';

/**
 * Writes rows as one .npy file of shape [rows, ...rowShape]; resolves to its entry in the manifest.
 *
 * @param checksPath file for the checksums of its rows; default: none
 */
export async function writeShard(
  files: Files,
  folder: string,
  file: string,
  data: Float32Array,
  rowShape: readonly number[],
  dtype: Dtype,
  checksPath?: string,
): Promise<ShardEntry> {
  const rowCount = data.length / rowLength(rowShape);
  const rowBytes = rowLength(rowShape) * bytesPerNumber(dtype);
  const bytes = encodeNpy(data, [rowCount, ...rowShape], dtype);
  if (checksPath !== undefined) {
    const checks = checksOfRows(bytes.subarray(bytes.length - rowCount * rowBytes), rowBytes);
    await writeDurably(files, checksPath, [new Uint8Array(checks.buffer)]);
  }
  const sha256 = await writeDurably(files, join(folder, file), [bytes]);
  return { file, rowCount, sha256 };
}

/**
 * A checksum of each row's bytes in the shard: tells which rows are damaged if the shard's sha256 does not match.
 *
 * @param rows whole rows, [rowCount × rowBytes]
 */
export function checksOfRows(rows: Uint8Array, rowBytes: number): Uint32Array {
  return Uint32Array.from({ length: rows.length / rowBytes }, (_, row) =>
    hashBytes(rows, row * rowBytes, (row + 1) * rowBytes),
  );
}

/** Shape and type of a set's rows. */
export interface ShardShape {
  readonly rowShape: readonly number[];
  readonly dtype: Dtype;
}

/** An open shard, its header checked against its length and the manifest. */
export class ShardFile {
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #header: NpyHeader;
  readonly #entry: ShardEntry;
  readonly rowBytes: number;

  private constructor(file: OpenFile, path: string, header: NpyHeader, entry: ShardEntry, rowBytes: number) {
    this.#file = file;
    this.#path = path;
    this.#header = header;
    this.#entry = entry;
    this.rowBytes = rowBytes;
  }

  static async open(files: Files, folder: string, entry: ShardEntry, shape: ShardShape): Promise<ShardFile> {
    const path = join(folder, entry.file);
    let file: OpenFile;
    try {
      file = await files.open(path, 'r');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw readFailure(path, error);
      throw new UserError({
        what: 'a shard of a feature set is missing',
        where: path,
        fix: repairCommand(folder),
      });
    }
    try {
      const size = await file.size();
      const prefix = new Uint8Array(Math.min(size, npyPrefixBytes));
      await readFully(file, path, prefix, 0);
      const header = new Uint8Array(npyHeaderBytes(prefix, path));
      await readFully(file, path, header, 0);
      const parsed = parseNpyHeader(header, size, path);
      const expected = [entry.rowCount, ...shape.rowShape];
      if (parsed.shape.join() !== expected.join() || parsed.dtype !== shape.dtype) {
        throw new UserError({
          what: 'a shard does not match manifest.json',
          where: path,
          found: `${parsed.dtype} (${parsed.shape.join(', ')})`,
          expected: `${shape.dtype} (${expected.join(', ')})`,
          fix: repairCommand(folder),
        });
      }
      return new ShardFile(file, path, parsed, entry, rowLength(shape.rowShape) * bytesPerNumber(shape.dtype));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Opens a shard with a damaged header or length; its remaining rows must be checked one by one.
   *
   * @throws UserError if there is no such file
   */
  static async openDamaged(files: Files, folder: string, entry: ShardEntry, shape: ShardShape): Promise<ShardFile> {
    const path = join(folder, entry.file);
    const { rowShape, dtype } = shape;
    const fullShape = [entry.rowCount, ...rowShape];
    const header: NpyHeader = { dtype, shape: fullShape, dataOffset: writtenHeaderBytes(fullShape, dtype) };
    const file = await files.open(path, 'r').catch((error) => {
      throw readFailure(path, error);
    });
    return new ShardFile(file, path, header, entry, rowLength(rowShape) * bytesPerNumber(dtype));
  }

  /** Fills `target` with the bytes of rows from `firstRow` on. */
  async readRows(firstRow: number, target: Uint8Array): Promise<void> {
    await readFully(this.#file, this.#path, target, this.#header.dataOffset + firstRow * this.rowBytes);
  }

  /**
   * Checks the sha256 of the whole file, reading it in blocks.
   *
   * @throws UserError if the sha256 differs; InterruptedError if the signal is aborted
   */
  async check(block: Uint8Array = new Uint8Array(4 << 20), signal?: AbortSignal): Promise<void> {
    const hash = createHash('sha256');
    const end = this.#header.dataOffset + this.#entry.rowCount * this.rowBytes;
    for (let at = 0; at < end; at += block.length) {
      if (signal?.aborted === true) throw new InterruptedError();
      const part = block.subarray(0, Math.min(block.length, end - at));
      await readFully(this.#file, this.#path, part, at);
      hash.update(part);
    }
    const sha256 = hash.digest('hex');
    if (sha256 !== this.#entry.sha256) {
      throw new UserError({
        what: 'a shard is damaged: its bytes changed since it was written',
        where: this.#path,
        found: `sha256 ${sha256.slice(0, 12)}...`,
        expected: `sha256 ${this.#entry.sha256.slice(0, 12)}...`,
        fix: repairCommand(dirname(this.#path)),
      });
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Whether a shard has the bytes that were written; `onDamage` is told what is wrong with it. */
export async function isWholeShard(
  files: Files,
  folder: string,
  entry: ShardEntry,
  shape: ShardShape,
  onDamage: (line: string) => void = () => {},
): Promise<boolean> {
  try {
    const shard = await ShardFile.open(files, folder, entry, shape);
    await shard.check().finally(() => shard.close());
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onDamage(`${join(folder, entry.file)}: ${error.parts.what}`);
    return false;
  }
}
