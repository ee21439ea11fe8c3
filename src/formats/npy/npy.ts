import { endianness } from 'node:os';
import { dirname } from 'node:path';
import { dump, parse } from 'npyjs';
import { messageOf, UserError } from '../../system/errors.ts';
import { repairCommand } from '../../system/own-command.ts';
import { toFloat16, widenFloat16 } from '../half.kernel.ts';

/** Storage type of the shards. */
export type Dtype = 'float32' | 'float16';

/** Of one number as it is stored. */
export function bytesPerNumber(dtype: Dtype): number {
  return dtype === 'float16' ? 2 : 4;
}

/** What an .npy header says, checked. */
export interface NpyHeader {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes before the first number. */
  readonly dataOffset: number;
}

/** Magic, version and length: what has to be read to know how long the header is. */
export const npyPrefixBytes = 12;
/** NumPy writes headers of 128 bytes; a length beyond this is a damaged file, not a header. */
const largestHeaderBytes = 65_536;

/**
 * A whole .npy file of float32 or float16 numbers, little-endian, C order.
 *
 * @param data float32 whatever `dtype` is; length is the product of `shape`
 */
export function encodeNpy(data: Float32Array, shape: readonly number[], dtype: Dtype): Uint8Array {
  const length = shape.reduce((product, side) => product * side, 1);
  if (length !== data.length) {
    throw new RangeError(
      `encodeNpy: shape [${shape.join(', ')}] needs ${length} numbers, but the data has ${data.length}`,
    );
  }
  requireLittleEndian();
  const numbers = dtype === 'float16' ? toFloat16(data) : data;
  return new Uint8Array(dump(numbers, [...shape], { dtype: dtype === 'float16' ? 'f2' : 'f4' }));
}

/** Length of the header that `encodeNpy` writes before numbers of this shape. */
export function writtenHeaderBytes(shape: readonly number[], dtype: Dtype): number {
  return dump(dtype === 'float16' ? new Uint16Array(0) : new Float32Array(0), [...shape], {
    dtype: dtype === 'float16' ? 'f2' : 'f4',
  }).byteLength;
}

/** Length of the header, magic included, from the first `npyPrefixBytes` of a file. */
export function npyHeaderBytes(prefix: Uint8Array, path: string): number {
  const magic = String.fromCharCode(...prefix.subarray(0, 6));
  if (prefix.length < npyPrefixBytes || magic !== '\x93NUMPY') throw damaged(path, 'no .npy magic', '\\x93NUMPY');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  const major = view.getUint8(6);
  if (major < 1 || major > 3) throw damaged(path, `.npy version ${major}`, '.npy version 1, 2 or 3');
  const bytes = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (bytes > largestHeaderBytes) throw damaged(path, `a header of ${bytes} bytes`, `${largestHeaderBytes} or less`);
  return bytes;
}

/**
 * Parses and checks a header: float32 or float16, little-endian, C order, and a file as long as its shape says.
 *
 * @param header the first `npyHeaderBytes` bytes of the file
 */
export function parseNpyHeader(header: Uint8Array, fileBytes: number, path: string): NpyHeader {
  let parsed: ReturnType<typeof parse>;
  try {
    // npyjs parses a header without numbers as an array of none: the numbers are read apart, straight into place.
    parsed = parse(new Uint8Array(header).buffer, { convertFloat16: false });
  } catch (error) {
    throw damaged(path, messageOf(error), 'little-endian float32 or float16');
  }
  const dtype: Dtype | undefined = { f4: 'float32' as const, f2: 'float16' as const }[parsed.dtype as string];
  const { shape } = parsed;
  if (dtype === undefined) throw damaged(path, `dtype ${parsed.dtype}`, 'little-endian float32 or float16');
  if (parsed.fortranOrder) throw damaged(path, 'Fortran order', 'C order');
  if (shape.length === 0 || shape.some((side) => !Number.isSafeInteger(side) || side < 0)) {
    throw damaged(path, `shape (${shape.join(', ')})`, 'whole numbers');
  }
  const expected = header.length + shape.reduce((product, side) => product * side, 1) * bytesPerNumber(dtype);
  if (expected !== fileBytes) {
    throw damaged(path, `${fileBytes} bytes`, `${expected} bytes for shape (${shape.join(', ')}), ${dtype}`);
  }
  return { dtype, shape, dataOffset: header.length };
}

/** Little-endian bytes of numbers to float32, into `target`; `bytes.length` is its length times the dtype's size. */
export function decodeNumbers(bytes: Uint8Array, dtype: Dtype, target: Float32Array): void {
  requireLittleEndian();
  if (dtype === 'float32') {
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
    return;
  }
  // A copy where the view starts on an odd byte: a Uint16Array cannot.
  const even = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  widenFloat16(new Uint16Array(even.buffer, even.byteOffset, target.length), target);
}

export function requireLittleEndian(): void {
  if (endianness() === 'LE') return;
  throw new UserError({ what: 'feature sets need a little-endian processor', found: process.arch });
}

function damaged(path: string, found: string, expected: string): UserError {
  return new UserError({
    what: 'not a usable .npy file',
    where: path,
    found,
    expected,
    fix: repairCommand(dirname(path)),
  });
}
