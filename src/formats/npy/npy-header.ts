import { UserError } from '../../system/errors.ts';
import { nodeFiles, type OpenFile, readFailure } from '../../system/files.ts';

/**
 * Header of .npy files of other programs: any numeric or text type of numpy.save, either byte order, C or Fortran
 * order. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
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

const largestHeaderBytes = 65_536;
const blockBytes = 1 << 22;

/** A .npy file in memory, from an .npz archive. */
export interface NpyBytes {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** Parses the header of a .npy file in memory. @throws UserError if it is invalid */
export function npyHeaderOf(bytes: Uint8Array, where: string): Promise<NpyFileHeader> {
  return withFile({ where, bytes }, (file, length) => readHeader(file, length, where));
}

export async function withFile<T>(
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

export async function readHeader(
  file: Pick<OpenFile, 'read'>,
  fileBytes: number,
  path: string,
): Promise<NpyFileHeader> {
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

export async function eachBlock(
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

export async function readExactly(
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

export function unusable(path: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the .npy file is not usable', where: path, found, expected });
}
