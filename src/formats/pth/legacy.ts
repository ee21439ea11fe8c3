import { bytesPerElement } from '../element-types.ts';
import { type PickleEnvironment, unpickle } from './pickle.ts';
import { PickleDict, type PickleValue } from './pickle-value.ts';
import { TensorStorage } from './strided-tensor.ts';
import { broken, parseStorageId, torchGlobals } from './torch-globals.ts';

/**
 * torch.save before 1.6 (`_legacy_save` in torch/serialization.py): the pickles of a magic number, of a protocol number,
 * of the machine's traits, of the object and of its storages' keys; then each storage as an int64 length and its bytes.
 */

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;
/** The magic number's pickle up to its last byte: PROTO 2, LONG1 of 10 bytes. */
const firstBytes = Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex');

export function startsLegacyPth(bytes: Uint8Array): boolean {
  return firstBytes.equals(bytes.subarray(0, firstBytes.length));
}

export function readLegacyPth(bytes: Uint8Array, where: string, onRecord?: (name: string) => void): PickleValue {
  const storages = new Map<string, TensorStorage>();
  const parts: { readonly of: TensorStorage; readonly byteOffset: number; readonly part: TensorStorage }[] = [];
  const plain: PickleEnvironment = {
    where,
    findGlobal: () => undefined,
    persistentLoad: () => {
      throw broken(where, 'a storage before the object', 'the file header');
    },
  };
  const environment: PickleEnvironment = {
    where,
    findGlobal: torchGlobals(where),
    onRecord,
    persistentLoad: (id) => {
      const { key, element, elementCount, part } = parseStorageId(id, where);
      const size = bytesPerElement[element];
      const known = storages.get(key);
      const storage = known ?? new TensorStorage(element, elementCount * size);
      if (storage.type !== element || storage.byteLength !== elementCount * size)
        throw broken(where, `storage ${key} of two sizes or types`, 'one');
      storages.set(key, storage);
      if (part === undefined) return storage;
      const view = new TensorStorage(element, part.elementCount * size);
      parts.push({ of: storage, byteOffset: part.offset * size, part: view });
      return view;
    },
  };

  let at = 0;
  const next = (using: PickleEnvironment): PickleValue => {
    const { value, end } = unpickle(bytes, at, using);
    at = end;
    return value;
  };
  const magic = next(plain);
  if (magic !== magicNumber) throw broken(where, 'another magic number', 'that of torch.save');
  const protocol = next(plain);
  if (protocol !== protocolVersion) throw broken(where, `protocol ${String(protocol)}`, String(protocolVersion));
  const machine = next(plain);
  if (machine instanceof PickleDict && machine.get('little_endian') === false)
    throw broken(where, 'big-endian numbers', 'little-endian ones');
  const value = next(environment);
  const keys = next(plain);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || storage.bytes !== undefined)
      throw broken(where, `storage ${String(key)} in the list of storages`, 'each that a tensor uses, once');
    const length = bytes.length - at < 8 ? -1n : view.getBigInt64(at, true);
    const elementCount = storage.byteLength / bytesPerElement[storage.type];
    if (length !== BigInt(elementCount) || storage.byteLength > bytes.length - at - 8)
      throw broken(
        where,
        `storage ${key} of ${length < 0n ? 'no' : length} elements with ${bytes.length - at} bytes left`,
        `${elementCount} elements, ${storage.byteLength} bytes`,
      );
    storage.bytes = bytes.subarray(at + 8, at + 8 + storage.byteLength);
    at += 8 + storage.byteLength;
  }
  for (const [key, storage] of storages)
    if (storage.bytes === undefined) throw broken(where, `no storage ${key}`, 'each that a tensor uses');
  for (const { of, byteOffset, part } of parts)
    part.bytes = of.bytes?.subarray(byteOffset, byteOffset + part.byteLength);
  return value;
}
