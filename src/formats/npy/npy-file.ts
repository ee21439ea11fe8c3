import { createHash } from 'node:crypto';
import { UserError } from '../../system/errors.ts';
import { nodeFiles, type OpenFile, readFailure } from '../../system/files.ts';
import { widenFloat16 } from '../half.kernel.ts';
import { spread } from './npy-file.kernel.ts';

/**
 * .npy files that other programs wrote: any numeric or text type of numpy.save, C or Fortran order, little-endian.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export interface NpyFileHeader {
  /** NumPy's `descr` without its byte order: `f4`, `i8`, `U12`. */
  readonly type: string;
  readonly itemBytes: number;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  readonly dataOffset: number;
}

/** A matrix read from a file, as float32. */
export interface NpyMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly data: Float32Array;
  /** sha256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
}

const largestHeaderBytes = 65_536;
const blockBytes = 1 << 22;
const floatTypes = ['f2', 'f4', 'f8'] as const;

/** A matrix of float16, float32 or float64 that is still in its file. */
export interface NpyMatrixFile {
  readonly path: string;
  readonly type: (typeof floatTypes)[number];
  readonly itemBytes: number;
  readonly fortranOrder: boolean;
  readonly rowCount: number;
  readonly columnCount: number;
  /** Bytes before the first number. */
  readonly dataOffset: number;
  /** sha256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
}

/**
 * Looks at a file with a matrix and hashes it. More than two axes in C order are taken as one row per entry of the
 * first.
 *
 * @throws UserError for any other type or shape, and for a file that is longer or shorter than its header says
 */
export async function describeNpyMatrix(path: string): Promise<NpyMatrixFile> {
  return withFile(path, async (file, bytes) => {
    const header = checkMatrix(await readHeader(file, bytes, path), path);
    const hash = createHash('sha256');
    await eachBlock(file, 0, bytes, path, 1, (block) => hash.update(block));
    return { path, ...header, sha256: hash.digest('hex') };
  });
}

/**
 * Reads a matrix as float32, a few megabytes at a time: memory is the result's own.
 *
 * @throws UserError as `describeNpyMatrix` does
 */
export async function readNpyMatrix(path: string): Promise<NpyMatrix> {
  return withFile(path, async (file, bytes) => {
    const header = checkMatrix(await readHeader(file, bytes, path), path);
    const { type, rowCount, columnCount } = header;
    const data = new Float32Array(rowCount * columnCount);
    const hash = createHash('sha256');
    await eachBlock(file, 0, header.dataOffset, path, 1, (block) => hash.update(block));
    let at = 0;
    await eachBlock(file, header.dataOffset, bytes, path, header.itemBytes, (block) => {
      hash.update(block);
      const numbers = toFloats(block, type);
      if (header.fortranOrder) spread(numbers, at, rowCount, columnCount, data);
      else data.set(numbers, at);
      at += numbers.length;
    });
    return { rowCount, columnCount, data, sha256: hash.digest('hex') };
  });
}

function checkMatrix(header: NpyFileHeader, path: string): Omit<NpyMatrixFile, 'path' | 'sha256'> {
  const { shape, fortranOrder, itemBytes, dataOffset } = header;
  const [rowCount = 0, ...rest] = shape;
  const type = floatTypes.find((known) => known === header.type);
  if (type === undefined) throw unusable(path, `type ${header.type}`, 'float16, float32 or float64');
  if (shape.length < 2 || (fortranOrder && shape.length > 2)) {
    throw unusable(path, `shape (${shape.join(', ')})${fortranOrder ? ' in Fortran order' : ''}`, '(rows, features)');
  }
  const columnCount = rest.reduce((product, side) => product * side, 1);
  if (rowCount === 0 || columnCount === 0) throw unusable(path, `shape (${shape.join(', ')})`, 'some numbers');
  return { type, itemBytes, fortranOrder, rowCount, columnCount, dataOffset };
}

/** One label per row, and whether they are numbers, which sort by value. */
export interface NpyLabels {
  readonly names: readonly string[];
  readonly numeric: boolean;
}

/**
 * Reads a vector of labels: whole numbers, booleans or text (`U`, `S`).
 *
 * @throws UserError for any other type or shape, Python objects among them
 */
export async function readNpyLabels(path: string): Promise<NpyLabels> {
  return withFile(path, async (file, bytes) => {
    const header = await readHeader(file, bytes, path);
    const { type, shape, itemBytes } = header;
    const flat = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
    if (!flat) throw unusable(path, `shape (${shape.join(', ')})`, '(rows,)');
    const read = labelReader(type, itemBytes);
    if (read === undefined) {
      const fix = type === 'O' ? 'np.save(path, y.astype(str)) saves text instead of Python objects' : undefined;
      throw unusable(path, `type ${type}`, 'whole numbers or text', fix);
    }
    const names: string[] = [];
    await eachBlock(file, header.dataOffset, bytes, path, itemBytes, (block) => {
      const view = new DataView(block.buffer, block.byteOffset, block.length);
      for (let i = 0; i < block.length; i += itemBytes) names.push(read(view, i));
    });
    return { names, numeric: !/^[US]/.test(type) };
  });
}

function labelReader(type: string, itemBytes: number): ((view: DataView, at: number) => string) | undefined {
  switch (type) {
    case 'b1':
    case 'u1':
      return (view, at) => String(view.getUint8(at));
    case 'i1':
      return (view, at) => String(view.getInt8(at));
    case 'u2':
      return (view, at) => String(view.getUint16(at, true));
    case 'i2':
      return (view, at) => String(view.getInt16(at, true));
    case 'u4':
      return (view, at) => String(view.getUint32(at, true));
    case 'i4':
      return (view, at) => String(view.getInt32(at, true));
    case 'u8':
      return (view, at) => String(view.getBigUint64(at, true));
    case 'i8':
      return (view, at) => String(view.getBigInt64(at, true));
    default:
  }
  if (type.startsWith('U')) {
    return (view, at) => {
      let text = '';
      for (let i = at; i < at + itemBytes; i += 4) {
        const point = view.getUint32(i, true);
        if (point > 0 && point <= 0x10ffff) text += String.fromCodePoint(point);
      }
      return text;
    };
  }
  if (!type.startsWith('S')) return undefined;
  return (view, at) =>
    new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, itemBytes)).replace(/\0+$/, '');
}

function toFloats(block: Uint8Array, type: string): Float32Array {
  const bytes = block.slice().buffer;
  if (type === 'f4') return new Float32Array(bytes);
  return type === 'f8' ? Float32Array.from(new Float64Array(bytes)) : widenFloat16(new Uint16Array(bytes));
}

async function withFile<T>(path: string, use: (file: OpenFile, bytes: number) => Promise<T>): Promise<T> {
  let file: OpenFile;
  try {
    file = await nodeFiles.open(path, 'r');
  } catch (cause) {
    throw readFailure(path, cause);
  }
  try {
    return await use(file, await file.size());
  } catch (cause) {
    throw readFailure(path, cause);
  } finally {
    await file.close().catch(() => undefined);
  }
}

async function readHeader(file: OpenFile, fileBytes: number, path: string): Promise<NpyFileHeader> {
  const prefix = await readExactly(file, 0, Math.min(12, fileBytes), path);
  if (prefix.length < 12 || Buffer.from(prefix.subarray(0, 6)).toString('latin1') !== '\x93NUMPY') {
    throw unusable(path, 'no .npy magic', 'a file that numpy.save wrote');
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  const major = view.getUint8(6);
  if (major < 1 || major > 3) throw unusable(path, `.npy version ${major}`, 'version 1, 2 or 3');
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > largestHeaderBytes || start + length > fileBytes) {
    throw unusable(path, `a header of ${length} bytes`, `at most ${Math.min(largestHeaderBytes, fileBytes)}`);
  }
  const text = Buffer.from(await readExactly(file, start, length, path)).toString(major === 3 ? 'utf8' : 'latin1');
  const descr = /'descr':\s*'([<>|=]?)([A-Za-z])(\d*)'/.exec(text);
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sides = /'shape':\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  if (descr === null || order === undefined || sides === undefined) {
    throw unusable(path, `header ${text.trim().slice(0, 120)}`, 'one plain type, fortran_order and shape');
  }
  const [, byteOrder = '', kind = '', digits = ''] = descr;
  const type = kind === 'O' ? 'O' : kind + digits;
  if (byteOrder === '>')
    throw unusable(path, `big-endian ${type}`, 'little-endian', "x.astype(x.dtype.newbyteorder('<'))");
  const shape = sides
    .split(',')
    .map((side) => side.replace('L', '').trim())
    .filter((side) => side !== '')
    .map(Number);
  const itemBytes = Number(digits) * (kind === 'U' ? 4 : 1);
  const dataOffset = start + length;
  const expected = dataOffset + shape.reduce((product, side) => product * side, 1) * itemBytes;
  if (type !== 'O' && expected !== fileBytes) {
    throw unusable(path, `${fileBytes} bytes`, `${expected} bytes for shape (${shape.join(', ')}) of ${type}`);
  }
  return { type, itemBytes, fortranOrder: order === 'True' && shape.length > 1, shape, dataOffset };
}

async function eachBlock(
  file: OpenFile,
  start: number,
  end: number,
  path: string,
  itemBytes: number,
  each: (block: Uint8Array) => void,
): Promise<void> {
  const size = Math.max(1, Math.floor(blockBytes / itemBytes)) * itemBytes;
  for (let at = start; at < end; at += size) each(await readExactly(file, at, Math.min(size, end - at), path));
}

async function readExactly(file: OpenFile, position: number, length: number, path: string): Promise<Uint8Array> {
  const target = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(target, done, length - done, position + done);
    if (bytesRead === 0) throw unusable(path, `${position + done} bytes`, 'as many as when it was opened');
    done += bytesRead;
  }
  return target;
}

function unusable(path: string, found: string, expected: string, fix?: string): UserError {
  const parts = { what: 'the .npy file is not usable', where: path, found, expected };
  return new UserError(fix === undefined ? parts : { ...parts, fix });
}
