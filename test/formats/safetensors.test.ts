import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toFloat32 } from '../../src/formats/element-types.ts';
import { decodeSafetensors, encodeSafetensors, typedTensor } from '../../src/formats/safetensors.ts';
import { UserError } from '../../src/system/errors.ts';
import { needsReference, projectRoot, reference } from '../reference.ts';

/** A safetensors file with the given header text and tensor bytes. */
function file(header: string | object, data: Uint8Array = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  return Buffer.concat([length, json, data]);
}

const two = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

test('arrays and metadata are read back unchanged', () => {
  const arrays = {
    weights: { shape: [2, 3], data: Float64Array.of(1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-310, 5) },
    bias: { shape: [3], data: Float32Array.of(1.5, 2, 3) },
    support: { shape: [2, 1], data: Int32Array.of(-1, 2 ** 31 - 1) },
    flags: { shape: [3], data: Uint8Array.of(0, 1, 255) },
    none: { shape: [0, 4], data: new Float32Array() },
    one: { shape: [], data: Float32Array.of(7) },
    __proto__x: { shape: [1], data: Float32Array.of(8) },
  };
  const bytes = encodeSafetensors(arrays, { classes: '["a","ü"]', note: '' });
  const back = decodeSafetensors(bytes, 'head');
  assert.deepEqual(Object.fromEntries(back.metadata), { classes: '["a","ü"]', note: '' });
  assert.deepEqual([...back.tensors.keys()].sort(), Object.keys(arrays).sort());
  for (const [name, array] of Object.entries(arrays)) {
    const tensor = back.tensors.get(name);
    assert.ok(tensor);
    assert.deepEqual(typedTensor(tensor, name, 'head'), array);
  }
});

test('the bytes do not depend on the order of the arrays', () => {
  const a = { shape: [1], data: Float32Array.of(1) };
  const b = { shape: [1], data: Float64Array.of(2) };
  assert.deepEqual(encodeSafetensors({ a, b }, { x: '1', y: '2' }), encodeSafetensors({ b, a }, { y: '2', x: '1' }));
});

test('a view into a larger buffer is written and read at its own offset', () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const bytes = encodeSafetensors({ a: { shape: [2], data } });
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const tensor = decodeSafetensors(shifted.subarray(3), 'head').tensors.get('a');
  assert.deepEqual(tensor && toFloat32(tensor.type, tensor.bytes), Float32Array.of(1, 2));
});

test('the writer rejects an array whose length does not match its shape', () => {
  assert.throws(() => encodeSafetensors({ a: { shape: [3], data: new Float32Array(2) } }), /2 numbers for shape \[3\]/);
});

const refused: readonly (readonly [claim: string, bytes: Uint8Array, message: RegExp])[] = [
  ['fewer than 8 bytes', new Uint8Array(7), /7 bytes/],
  ['a header longer than the file', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 123, 125), /header of 3 bytes/],
  ['a header of 2^64 - 1 bytes', new Uint8Array(64).fill(255), /header of 18446744073709551615 bytes/],
  ['a header that is not JSON', file('{"a":'), /not JSON/],
  ['a header that is not UTF-8', Buffer.concat([file('  ').subarray(0, 8), Buffer.of(0xff, 0xfe)]), /not JSON/],
  ['a header that is an array', file('[]'), /the header is \[\]/],
  [
    'a tensor named twice',
    file(
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ),
    /the name a twice/,
  ],
  [
    'a shape given twice',
    file('{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}'),
    /the name shape twice/,
  ],
  ['metadata that is no string', file({ __metadata__: { a: 1 } }), /metadata a is 1/],
  ['an unknown type', file({ a: { ...two, dtype: 'F8_E4M3' } }, new Uint8Array(8)), /tensor a of type "F8_E4M3"/],
  ['a type named after a method', file({ a: { ...two, dtype: 'toString' } }, new Uint8Array(8)), /of type "toString"/],
  ['a negative dimension', file({ a: { ...two, shape: [-2] } }, new Uint8Array(8)), /shape \[-2\]/],
  ['a fractional dimension', file({ a: { ...two, shape: [0.5] } }, new Uint8Array(8)), /shape \[0.5\]/],
  [
    'a product of dimensions above 2^53',
    file({ a: { ...two, shape: [2 ** 40, 2 ** 40] } }, new Uint8Array(8)),
    /shape/,
  ],
  ['bytes that are not the shape', file({ a: { ...two, shape: [3] } }, new Uint8Array(8)), /in 8 bytes/],
  ['offsets past the end', file({ a: two }, new Uint8Array(4)), /4 bytes of tensors/],
  ['bytes that no tensor holds', file({ a: two }, new Uint8Array(12)), /12 bytes of tensors/],
  ['a gap', file({ a: two, b: { ...two, data_offsets: [12, 20] } }, new Uint8Array(20)), /tensor b starts at byte 12/],
  [
    'an overlap',
    file({ a: two, b: { ...two, data_offsets: [4, 12] } }, new Uint8Array(12)),
    /tensor b starts at byte 4/,
  ],
  ['offsets backwards', file({ a: { ...two, data_offsets: [8, 0] } }, new Uint8Array(8)), /in -8 bytes/],
];
for (const [claim, bytes, message] of refused) {
  test(`rejects ${claim}`, () => {
    assert.throws(
      () => decodeSafetensors(bytes, 'x.safetensors'),
      (error) => error instanceof UserError && message.test(error.message) && /x\.safetensors/.test(error.message),
    );
  });
}

test('every float16 is widened to its exact value', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = toFloat32('F16', new Uint8Array(halves.buffer));
  for (let i = 0; i < 65536; i++) {
    const exponent = (i >> 10) & 31;
    const fraction = i & 1023;
    const sign = i >> 15 ? -1 : 1;
    // IEEE 754-2019, 3.4, written out.
    const value =
      exponent === 31
        ? fraction === 0
          ? sign * Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? sign * fraction * 2 ** -24
          : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
    assert.ok(Object.is(wide[i], value), `0x${i.toString(16)}: ${wide[i]} is not ${value}`);
  }
});

test('numbers of every type are converted to float32', () => {
  const bytes = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  assert.deepEqual(toFloat32('BF16', bytes(Uint16Array.of(0x3f80, 0xc040, 0x7f80))), Float32Array.of(1, -3, Infinity));
  assert.deepEqual(toFloat32('F64', bytes(Float64Array.of(0.1, 1e300))), Float32Array.of(Math.fround(0.1), Infinity));
  assert.deepEqual(toFloat32('I64', bytes(BigInt64Array.of(-5n, 2n ** 40n))), Float32Array.of(-5, 2 ** 40));
  assert.deepEqual(toFloat32('U64', bytes(BigUint64Array.of(5n))), Float32Array.of(5));
  assert.deepEqual(toFloat32('I32', bytes(Int32Array.of(-7))), Float32Array.of(-7));
  assert.deepEqual(toFloat32('U32', bytes(Uint32Array.of(2 ** 32 - 256))), Float32Array.of(2 ** 32 - 256));
  assert.deepEqual(toFloat32('I16', bytes(Int16Array.of(-7))), Float32Array.of(-7));
  assert.deepEqual(toFloat32('U16', bytes(Uint16Array.of(65535))), Float32Array.of(65535));
  assert.deepEqual(toFloat32('I8', bytes(Int8Array.of(-7))), Float32Array.of(-7));
  assert.deepEqual(toFloat32('U8', bytes(Uint8Array.of(200))), Float32Array.of(200));
  assert.deepEqual(toFloat32('BOOL', bytes(Uint8Array.of(0, 1, 2))), Float32Array.of(0, 1, 1));
});

test("reads every type that the format's own library writes", () => {
  // Written by scripts/fixtures/formats/safetensors_library.py.
  const folder = join(projectRoot, 'test/fixtures/safetensors');
  const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
    readFileSync(join(folder, 'library.json'), 'utf8'),
  );
  const { tensors, metadata } = decodeSafetensors(readFileSync(join(folder, 'library.safetensors')), 'library');
  assert.deepEqual([...tensors.keys()].sort(), Object.keys(expected).sort());
  assert.equal(metadata.get('über'), '{"a": 1}');
  for (const [name, { type, shape, bytes }] of tensors) {
    assert.deepEqual(shape, expected[name]?.shape, name);
    assert.deepEqual(toFloat32(type, bytes), Float32Array.from(expected[name]?.values ?? []), name);
  }
});

test('reads a real ResNet50 file completely', { skip: needsReference('weights/resnet50-pqf.safetensors') }, () => {
  const bytes = readFileSync(reference('weights/resnet50-pqf.safetensors'));
  const { tensors } = decodeSafetensors(bytes, 'resnet50-pqf.safetensors');
  // 267 tensors and 53 counters of batches.
  assert.equal(tensors.size, 320);
  const types = [...tensors.values()].map((tensor) => tensor.type);
  assert.equal(types.filter((type) => type === 'F16').length, 53);
  assert.deepEqual(tensors.get('conv1.weight')?.shape, [64, 3, 7, 7]);
});
