import { createHash } from 'node:crypto';
import { widenFloat16 } from '../half.kernel.ts';
import { spread } from './npy-file.kernel.ts';
import { eachBlock, type NpyBytes, type NpyFileHeader, readHeader, unusable, withFile } from './npy-header.ts';
import { numberReader } from './npy-items.ts';

interface NpyMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly data: Float32Array;
  readonly sha256: string;
}

/** A numeric matrix in a file. */
export interface NpyMatrixFile {
  readonly path: string;
  /** `f2`, `f4`, `f8`, `i1` to `i8`, `u1` to `u8` or `b1`. */
  readonly type: string;
  readonly itemBytes: number;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly rowCount: number;
  readonly columnCount: number;
  /** Bytes before the first number. */
  readonly dataOffset: number;
  readonly sha256: string;
}

/**
 * Reads the header of a matrix file and hashes the file. Arrays with more than two axes in C order have one row per
 * entry of the first axis.
 *
 * @throws UserError for other types or shapes, and if the file's length does not match its header
 */
export async function describeNpyMatrix(path: string): Promise<NpyMatrixFile> {
  return withFile(path, async (file, bytes) => {
    const header = checkMatrix(await readHeader(file, bytes, path), path);
    const hash = createHash('sha256');
    await eachBlock(file, 0, bytes, path, 1, (block) => hash.update(block));
    return { path, ...header, sha256: hash.digest('hex') };
  });
}

/** Reads a matrix as float32 in blocks of a few megabytes. @throws UserError as `describeNpyMatrix` does */
export async function readNpyMatrix(source: string | NpyBytes): Promise<NpyMatrix> {
  const path = typeof source === 'string' ? source : source.where;
  return withFile(source, async (file, bytes) => {
    const header = checkMatrix(await readHeader(file, bytes, path), path);
    const { rowCount, columnCount } = header;
    const data = allocate(rowCount * columnCount, path);
    const hash = createHash('sha256');
    await eachBlock(file, 0, header.dataOffset, path, 1, (block) => hash.update(block));
    let at = 0;
    await eachBlock(file, header.dataOffset, bytes, path, header.itemBytes, (block) => {
      hash.update(block);
      const numbers = new Float32Array(block.length / header.itemBytes);
      decodeItems(header, block, numbers);
      if (header.fortranOrder) spread(numbers, at, rowCount, columnCount, data);
      else data.set(numbers, at);
      at += numbers.length;
    });
    return { rowCount, columnCount, data, sha256: hash.digest('hex') };
  });
}

function checkMatrix(header: NpyFileHeader, path: string): Omit<NpyMatrixFile, 'path' | 'sha256'> {
  const { type, shape, fortranOrder, itemBytes, bigEndian, dataOffset } = header;
  const [rowCount = 0, ...rest] = shape;
  if (numberReader(type, bigEndian) === undefined) throw unusable(path, `type ${type}`, 'numbers, not complex ones');
  if (shape.length < 2 || (fortranOrder && shape.length > 2)) {
    throw unusable(path, `shape (${shape.join(', ')})${fortranOrder ? ' in Fortran order' : ''}`, '(rows, features)');
  }
  const columnCount = rest.reduce((product, side) => product * side, 1);
  if (rowCount === 0 || columnCount === 0) throw unusable(path, `shape (${shape.join(', ')})`, 'some numbers');
  return { type, itemBytes, bigEndian, fortranOrder, rowCount, columnCount, dataOffset };
}

/** Converts items of a matrix to float32; large integers are rounded. */
export function decodeItems(
  { type, itemBytes, bigEndian }: Pick<NpyMatrixFile, 'type' | 'itemBytes' | 'bigEndian'>,
  block: Uint8Array,
  target: Float32Array,
): void {
  if (!bigEndian && (type === 'f2' || type === 'f4' || type === 'f8')) {
    const bytes = block.slice().buffer;
    if (type === 'f4') target.set(new Float32Array(bytes));
    else target.set(type === 'f8' ? new Float64Array(bytes) : widenFloat16(new Uint16Array(bytes)));
    return;
  }
  const read = numberReader(type, bigEndian);
  if (read === undefined) throw new RangeError(`no numbers: ${type}`);
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  for (let i = 0; i < target.length; i++) target[i] = read(view, i * itemBytes);
}

function allocate(length: number, path: string): Float32Array {
  try {
    return new Float32Array(length);
  } catch {
    throw unusable(path, `${length} numbers`, 'as many as memory holds');
  }
}
