import type { WeightTensor } from '../../src/extract/weights/state-dict.ts';

/**
 * Writes torch.save's legacy format for a dict of float32 tensors, numbers and such dicts, by the pickle documentation
 * (protocol 2), for tests that need a .pth file of their own.
 */
export function legacyPth(dict: object): Uint8Array {
  const storages: WeightTensor[] = [];
  const parts: Uint8Array[] = [
    // PROTO 2, LONG1: the magic number 0x1950a86a20f9469cfc6c, STOP; protocol version 1001.
    Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
    Buffer.from('80024de9032e', 'hex'),
    pickle(Buffer.concat([op('}('), string('little_endian'), op('\x88u')])),
    pickle(value(dict, storages)),
    pickle(Buffer.concat([op(']('), ...storages.map((_, key) => string(String(key))), op('e')])),
  ];
  for (const { data } of storages) {
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(data.length));
    parts.push(length, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return Buffer.concat(parts);
}

function value(item: unknown, storages: WeightTensor[]): Buffer {
  if (typeof item === 'number') return int(item);
  if (isTensor(item)) return tensor(item, storages);
  const pairs = Object.entries(item as object).flatMap(([key, inner]) => [string(key), value(inner, storages)]);
  return Buffer.concat([op('}('), ...pairs, op('u')]);
}

function tensor(item: WeightTensor, storages: WeightTensor[]): Buffer {
  const key = storages.push(item) - 1;
  const strides = item.shape.map((_, axis) => item.shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  return Buffer.concat([
    op('ctorch._utils\n_rebuild_tensor_v2\n'),
    op('(('),
    string('storage'),
    op('ctorch\nFloatStorage\n'),
    string(String(key)),
    string('cpu'),
    int(item.data.length),
    op('NtQ'),
    int(0),
    op('('),
    ...item.shape.map(int),
    op('t('),
    ...strides.map(int),
    op('t\x89ccollections\nOrderedDict\n)RtR'),
  ]);
}

function isTensor(item: unknown): item is WeightTensor {
  return typeof item === 'object' && item !== null && 'data' in item && item.data instanceof Float32Array;
}

function pickle(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x80, 2), body, op('.')]);
}

function op(codes: string): Buffer {
  return Buffer.from(codes, 'latin1');
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([op('X'), length, bytes]);
}

function int(number: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1');
  bytes.writeInt32LE(number, 1);
  return bytes;
}
