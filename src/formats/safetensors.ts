import { isRecord } from '../system/at.ts';
import { messageOf, UserError } from '../system/errors.ts';
import { aligned, bytesPerElement, type ElementType, elementCount, isElementType } from './element-types.ts';
import { duplicateKey } from './json-keys.ts';

/**
 * safetensors: 8 bytes of header length (little-endian), that many bytes of JSON, then the tensors' bytes.
 * https://github.com/huggingface/safetensors, "Format".
 */

/** A tensor as it is stored; `bytes.length` is the product of `shape` times the element size. */
export interface StoredTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** C order, little-endian; a view of the file's bytes, at any alignment. */
  readonly bytes: Uint8Array;
}

interface Safetensors {
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The format's own bound on the header, 100 MB. */
const maxHeaderBytes = 100_000_000;

/**
 * Decodes a whole file without copying. Checks the header's length, every tensor's offsets against its shape and type,
 * and that the tensors fill the file without gap or overlap.
 *
 * @throws UserError if the bytes are not a complete safetensors file
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const header = parseHeader(bytes, where);
  const dataStart = 8 + header.byteLength;
  const data = bytes.subarray(dataStart);
  const metadata = new Map<string, string>();
  const entries: (Entry & { readonly name: string })[] = [];
  for (const [name, value] of Object.entries(header.json)) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(asObject(value, where, 'the field __metadata__'))) {
        if (typeof text !== 'string') throw broken(where, `metadata ${key} is ${JSON.stringify(text)}`, 'a string');
        metadata.set(key, text);
      }
    } else {
      entries.push({ name, ...parseEntry(name, value, where) });
    }
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, StoredTensor>();
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end)
      throw broken(where, `tensor ${entry.name} starts at byte ${entry.begin}`, `byte ${end}, where the last one ends`);
    if (entry.end > data.length)
      throw broken(where, `${data.length} bytes of tensors`, `tensor ${entry.name} up to byte ${entry.end}`);
    tensors.set(entry.name, { type: entry.type, shape: entry.shape, bytes: data.subarray(entry.begin, entry.end) });
    end = entry.end;
  }
  if (end !== data.length) throw broken(where, `${data.length} bytes of tensors`, `${end}, as the header says`);
  return { tensors, metadata };
}

interface Entry {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array, where: string): { json: object; byteLength: number } {
  if (bytes.length < 8) throw broken(where, `${bytes.length} bytes`, 'at least 8');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const claimed = view.getBigUint64(0, true);
  const room = Math.min(bytes.length - 8, maxHeaderBytes);
  if (claimed > BigInt(room)) throw broken(where, `a header of ${claimed} bytes`, `at most ${room} in this file`);
  const byteLength = Number(claimed);
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + byteLength));
    json = JSON.parse(text);
  } catch (error) {
    throw broken(where, `a header that is not JSON (${messageOf(error)})`, 'a JSON object', error);
  }
  const object = asObject(json, where, 'the header');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw broken(where, `the name ${twice} twice in the header`, 'every name once');
  return { json: object, byteLength };
}

function parseEntry(name: string, value: unknown, where: string): Entry {
  const { dtype, shape, data_offsets: offsets } = asObject(value, where, `tensor ${name}`) as Record<string, unknown>;
  if (!isElementType(dtype))
    throw broken(where, `tensor ${name} of type ${JSON.stringify(dtype)}`, Object.keys(bytesPerElement).join(', '));
  const count = elementCount(shape);
  if (count === undefined) throw broken(where, `tensor ${name} of shape ${JSON.stringify(shape)}`, 'whole numbers');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((at) => Number.isSafeInteger(at) && at >= 0))
    throw broken(where, `tensor ${name} at ${JSON.stringify(offsets)}`, 'data_offsets: [begin, end]');
  const [begin, end] = offsets as [number, number];
  const byteCount = count * bytesPerElement[dtype];
  if (end - begin !== byteCount)
    throw broken(where, `tensor ${name} in ${end - begin} bytes`, `${byteCount}: ${dtype} of shape [${shape}]`);
  return { type: dtype, shape: shape as readonly number[], begin, end };
}

function asObject(value: unknown, where: string, what: string): object {
  if (isRecord(value)) return value;
  throw broken(where, `${what} is ${JSON.stringify(value)?.slice(0, 80)}`, 'a JSON object');
}

function broken(where: string, found: string, expected: string, cause?: unknown): UserError {
  return new UserError({
    what: 'This is not a complete safetensors file',
    where,
    found,
    expected,
    fix: 'save or download the file again',
    cause,
  });
}

/** A tensor as a typed array; `data.length` is the product of `shape`. */
interface TypedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/**
 * Encodes named arrays and metadata as a file. Independent of the order of the names: tensors are sorted by element
 * size, largest first, then by name, for alignment (as by the format's reference implementation).
 */
export function encodeSafetensors(
  arrays: Readonly<Record<string, TypedTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const named = Object.entries(arrays).map(([name, array]) => {
    if (name === '__metadata__') throw new RangeError('__metadata__ is no name for a tensor');
    if (elementCount(array.shape) !== array.data.length)
      throw new RangeError(`array ${name}: ${array.data.length} numbers for shape [${array.shape}]`);
    return { name, type: typeOf(array.data), shape: array.shape, data: array.data };
  });
  named.sort((a, b) => bytesPerElement[b.type] - bytesPerElement[a.type] || byCodeUnit(a.name, b.name));
  const header: [string, unknown][] = [];
  const sorted = Object.entries(metadata).sort(([a], [b]) => byCodeUnit(a, b));
  if (sorted.length > 0) header.push(['__metadata__', Object.fromEntries(sorted)]);
  let end = 0;
  for (const { name, type, shape, data } of named) {
    header.push([name, { dtype: type, shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const { data } of named) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** A stored tensor as a typed array, copied. @throws UserError for a type not supported by `encodeSafetensors` */
export function typedTensor(tensor: StoredTensor, name: string, where: string): TypedTensor {
  const { type, shape, bytes } = tensor;
  switch (type) {
    case 'F64':
      return { shape, data: new Float64Array(aligned(bytes)) };
    case 'F32':
      return { shape, data: new Float32Array(aligned(bytes)) };
    case 'I32':
      return { shape, data: new Int32Array(aligned(bytes)) };
    case 'U8':
      return { shape, data: new Uint8Array(bytes) };
    default:
      throw new UserError({
        what: `The array ${name} has an unexpected type`,
        where,
        found: type,
        expected: 'F64, F32, I32 or U8',
      });
  }
}

function typeOf(data: TypedTensor['data']): ElementType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
