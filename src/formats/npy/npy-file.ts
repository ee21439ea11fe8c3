import { createHash } from 'node:crypto';
import { UserError } from '../../system/errors.ts';
import { nodeFiles, type OpenFile, readFailure } from '../../system/files.ts';
import { widenFloat16 } from '../half.kernel.ts';
import { spread } from './npy-file.kernel.ts';
import { numberReader, textReader } from './npy-items.ts';
import { readObjectItems } from './object-array.ts';

/**
 * .npy files that other programs wrote: any numeric or text type of numpy.save, either byte order, C or Fortran order.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export interface NpyFileHeader {
  /** NumPy's `descr` without its byte order: `f4`, `i8`, `U12`. */
  readonly type: string;
  readonly itemBytes: number;
  readonly bigEndian: boolean;
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

/** A matrix of numbers that is still in its file. */
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

/** One label per row, and whether they are numbers, which sort by value. */
export interface NpyLabels {
  readonly names: readonly string[];
  readonly numeric: boolean;
}

/**
 * Reads a vector of labels: whole numbers (as floats, too), booleans, text (`U`, `S`) or Python objects that are strings
 * or whole numbers, whose pickle is read without running anything.
 *
 * @throws UserError for any other type or shape, and for floats that are no whole numbers
 */
export async function readNpyLabels(source: string | NpyBytes): Promise<NpyLabels> {
  const path = typeof source === 'string' ? source : source.where;
  return withFile(source, async (file, bytes) => {
    const header = await readHeader(file, bytes, path);
    const { type, shape, itemBytes, bigEndian } = header;
    const flat = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
    if (!flat) throw unusable(path, `shape (${shape.join(', ')})`, '(rows,)');
    if (type === 'O')
      return readObjects(await readExactly(file, header.dataOffset, bytes - header.dataOffset, path), shape, path);
    const read = textReader(type, itemBytes, bigEndian);
    if (read === undefined) throw unusable(path, `type ${type}`, 'whole numbers or text');
    const names: string[] = [];
    await eachBlock(file, header.dataOffset, bytes, path, itemBytes, (block) => {
      const view = new DataView(block.buffer, block.byteOffset, block.length);
      for (let i = 0; i < block.length; i += itemBytes) names.push(read(view, i));
    });
    if (type.startsWith('f')) checkWhole(names, path);
    return { names, numeric: !/^[US]/.test(type) };
  });
}

function readObjects(pickle: Uint8Array, shape: readonly number[], path: string): NpyLabels {
  const labels = readObjectItems(pickle, path);
  const count = shape.reduce((product, side) => product * side, 1);
  if (labels.names.length !== count)
    throw unusable(path, `${labels.names.length} objects`, `${count}, as its shape says`);
  return labels;
}

/** @throws UserError where a label is no whole number: that is no class */
export function checkWhole(names: readonly string[], where: string): void {
  const broken = names.filter((name) => !/^-?\d+$/.test(name));
  if (broken.length === 0) return;
  throw new UserError({
    what: 'these labels look like measurements, and regression is not done here',
    where,
    found: `${broken.slice(0, 3).join(', ')}: ${new Set(names).size} distinct numbers in ${names.length} rows`,
    expected: 'whole numbers or names of classes',
    fix: 'np.digitize or pandas.cut makes classes of measurements',
  });
}

/** Items of a matrix as float32; larger whole numbers are rounded to it. */
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

/** A .npy file that is in memory already: an array of an .npz archive. */
export interface NpyBytes {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** What the header of a .npy file in memory says. @throws UserError where it is none */
export function npyHeaderOf(bytes: Uint8Array, where: string): Promise<NpyFileHeader> {
  return withFile({ where, bytes }, (file, length) => readHeader(file, length, where));
}

async function withFile<T>(
  source: string | NpyBytes,
  use: (file: Pick<OpenFile, 'read'>, bytes: number) => Promise<T>,
): Promise<T> {
  if (typeof source !== 'string') return use(inMemory(source.bytes), source.bytes.length);
  const path = source;
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

function inMemory(bytes: Uint8Array): Pick<OpenFile, 'read'> {
  return {
    read: async (buffer, offset, length, position) => {
      const part = bytes.subarray(position, position + length);
      buffer.set(part, offset);
      return { bytesRead: part.length };
    },
  };
}

async function readHeader(file: Pick<OpenFile, 'read'>, fileBytes: number, path: string): Promise<NpyFileHeader> {
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
  return {
    type,
    itemBytes,
    bigEndian: byteOrder === '>',
    fortranOrder: order === 'True' && shape.length > 1,
    shape,
    dataOffset,
  };
}

async function eachBlock(
  file: Pick<OpenFile, 'read'>,
  start: number,
  end: number,
  path: string,
  itemBytes: number,
  each: (block: Uint8Array) => void,
): Promise<void> {
  const size = Math.max(1, Math.floor(blockBytes / itemBytes)) * itemBytes;
  for (let at = start; at < end; at += size) each(await readExactly(file, at, Math.min(size, end - at), path));
}

async function readExactly(
  file: Pick<OpenFile, 'read'>,
  position: number,
  length: number,
  path: string,
): Promise<Uint8Array> {
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
