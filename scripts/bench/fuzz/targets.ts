import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readUserNetwork } from '../../../src/extract/backbone/user-network.ts';
import { fingerprintOf } from '../../../src/features/manifest/fingerprint.ts';
import type { FingerprintFields, Manifest } from '../../../src/features/manifest/manifest.ts';
import { formatManifest, parseManifest, sealManifest } from '../../../src/features/manifest/manifest-file.ts';
import { bytesPerElement, elementCount, toFloat32 } from '../../../src/formats/element-types.ts';
import {
  decodeNumbers,
  encodeNpy,
  npyHeaderBytes,
  npyPrefixBytes,
  parseNpyHeader,
} from '../../../src/formats/npy/npy.ts';
import { decodeModel } from '../../../src/formats/onnx/decode.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { decodeTensor } from '../../../src/formats/onnx/tensor.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors.ts';
import { memoryFolder } from '../../memory-folder.ts';
import { drawnFields } from '../shared/drawn-fields.ts';
import { archiveTargets } from './archive-targets.ts';
import type { Draw } from './draw.ts';
import { byteTarget, type FuzzTarget, jsonTarget } from './fuzz-target.ts';
import { imageTargets } from './image-targets.ts';
import { matrixTargets } from './matrix-targets.ts';
import { mutateBytes } from './mutate.ts';
import { mutateProtobuf } from './mutate-protobuf.ts';
import { otherTables } from './other-tables.ts';
import { pthTargets } from './pth-targets.ts';
import { tableTargets } from './table-targets.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const fixture = (file: string): Uint8Array => readFileSync(join(fixtures, file));

export function fuzzTargets(): { readonly targets: readonly FuzzTarget[]; readonly close: () => void } {
  const folder = mkdtempSync(join(memoryFolder(), 'featuretap-fuzz-'));
  const targets = [
    ...npy(),
    ...safetensors(),
    ...pthTargets(fixture),
    ...onnx(),
    ...tableTargets(),
    ...archiveTargets(folder),
    ...imageTargets(),
    ...matrixTargets(folder),
    ...manifest(),
    ...otherTables(folder),
  ];
  return { targets, close: () => rmSync(folder, { recursive: true }) };
}

function npy(): readonly FuzzTarget[] {
  const numbers = Float32Array.from({ length: 24 }, (_, i) => i / 7);
  const seeds = [encodeNpy(numbers, [4, 6], 'float32'), encodeNpy(numbers, [2, 3, 4], 'float16')];
  const words = [
    "'<f4'",
    "'>f4'",
    "'<f8'",
    "'|O'",
    "'descr': ",
    "'shape': (4611686018427387904, 4)",
    '(4, 6)',
    '(-1,)',
  ];
  const more = [...words, 'True', 'False', '\x93NUMPY', ')', "'"];
  return [byteTarget('.npy', seeds, more, readNpy), npyHeaders(seeds, more)];
}

/** Mutates the text of the header alone, with a correct length, after versions 1, 2 and 3. */
function npyHeaders(seeds: readonly Uint8Array[], words: readonly string[]): FuzzTarget {
  const make = (draw: Draw): Uint8Array => {
    const seed = Buffer.from(draw.oneOf(seeds));
    const dataOffset = 10 + seed.readUInt16LE(8);
    const text = mutateBytes(seed.subarray(10, dataOffset), draw.oneOf(seeds), words, draw);
    const version = draw.oneOf([1, 1, 2, 3]);
    const head = Buffer.alloc(version === 1 ? 10 : 12);
    head.write('\x93NUMPY', 'latin1');
    head[6] = version;
    if (version === 1) head.writeUInt16LE(Math.min(text.length, 65535), 8);
    else head.writeUInt32LE(text.length, 8);
    return Buffer.concat([head, text, seed.subarray(dataOffset)]);
  };
  return { name: '.npy header', make, read: readNpy };
}

function readNpy(bytes: Uint8Array): void {
  const headerBytes = npyHeaderBytes(bytes.subarray(0, npyPrefixBytes), 'x.npy');
  const header = parseNpyHeader(bytes.subarray(0, headerBytes), bytes.length, 'x.npy');
  const count = elementCount(header.shape) ?? Number.NaN;
  const data = bytes.subarray(header.dataOffset);
  assert.equal(data.length, count * (header.dtype === 'float16' ? 2 : 4));
  decodeNumbers(data, header.dtype, new Float32Array(count));
}

const safetensorsWords = ['"F32"', '"BF16"', '"shape":[9007199254740993]', '[0,8]', '1e999', '__metadata__', '\\u0061'];

function safetensors(): readonly FuzzTarget[] {
  const whole = encodeSafetensors(
    {
      weights: { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) },
      bias: { shape: [3], data: Float32Array.of(1, 2, 3) },
      support: { shape: [2], data: Int32Array.of(4, 5) },
      flags: { shape: [3], data: Uint8Array.of(0, 1, 2) },
      empty: { shape: [0, 4], data: new Float32Array() },
    },
    { classes: '["a","b"]' },
  );
  const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
  const header = Buffer.from(whole.subarray(8, headerEnd)).toString();
  const data = whole.subarray(headerEnd);
  const wrap = (json: string): Uint8Array => {
    const bytes = Buffer.from(json);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([length, bytes, data]);
  };
  const words = ['F16', 'I64', 'BOOL', 'F8_E4M3', 'dtype', 'shape', 'data_offsets', '__metadata__', 'bias'];
  return [
    byteTarget(
      '.safetensors',
      [whole, fixture('backbone/normalization.safetensors')],
      safetensorsWords,
      readSafetensors,
    ),
    jsonTarget('.safetensors header', [header], words, readSafetensors, wrap),
  ];
}

function readSafetensors(bytes: Uint8Array): void {
  const { tensors } = decodeSafetensors(bytes, 'x.safetensors');
  let total = 0;
  for (const { type, shape, bytes: stored } of tensors.values()) {
    const count = elementCount(shape);
    assert.equal(stored.length, (count ?? Number.NaN) * bytesPerElement[type]);
    assert.equal(toFloat32(type, stored).length, count);
    total += stored.length;
  }
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  assert.equal(8 + headerBytes + total, bytes.length);
}

function onnx(): readonly FuzzTarget[] {
  const whole = ['onnx/every-field.onnx', 'backbone/user.onnx'].map(fixture);
  const words = [
    'Conv',
    'ReduceMean',
    'GlobalAveragePool',
    'axes',
    '\x08\x07',
    '\x12\xff\xff\xff\x7f',
    '\x0a\x00',
    '\x3a',
  ];
  const smallest = whole.toSorted((a, b) => a.length - b.length).slice(0, 1);
  return [
    byteTarget('.onnx', smallest, words, readModel),
    { name: '.onnx fields', make: (draw) => mutateProtobuf(draw.oneOf(whole), words, draw), read: readModel },
    byteTarget('.onnx network', whole, words, (bytes) => {
      const { model } = readUserNetwork(bytes, 'x.onnx');
      for (const tensor of model.graph.initializer) decodeTensor(tensor);
    }),
  ];
}

function readModel(bytes: Uint8Array): void {
  const model = decodeModel(bytes, 'x.onnx');
  const again = encodeModel(model);
  assert.deepEqual(encodeModel(decodeModel(again, 'x.onnx')), again);
}

function manifest(): readonly FuzzTarget[] {
  const text = formatManifest(exampleManifest());
  const words = ['sha256', 'shards', 'rowShape', 'views', 'float16', 'max', 'a'.repeat(64), 'features-00001.npy'];
  const read = (bytes: Uint8Array): void => {
    const parsed = parseManifest(bytes, 'manifest.json');
    assert.deepEqual(parseManifest(Buffer.from(formatManifest(parsed)), 'manifest.json'), parsed);
    assert.equal(
      parsed.shards.reduce((sum, shard) => sum + shard.rowCount, 0),
      parsed.rowCount,
    );
  };
  return [
    byteTarget('manifest.json', [Buffer.from(text)], words, read),
    // With correct checksums, so that the fields after them are reached.
    jsonTarget('manifest.json sealed', [text], words, read, (json) =>
      Buffer.from(JSON.stringify(resealed(JSON.parse(json)))),
    ),
  ];
}

function resealed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { sha256: _, ...manifest } = value as Manifest;
  const fields = manifest.fields as FingerprintFields | undefined;
  const fingerprint = typeof fields === 'object' && fields !== null ? fingerprintOf(fields) : '';
  return sealManifest({ ...manifest, fingerprint });
}

function exampleManifest(): Manifest {
  const sha256 = '2'.repeat(64);
  return sealManifest({
    formatVersion: 1,
    fingerprint: fingerprintOf(drawnFields),
    fields: drawnFields,
    rowCount: 5,
    imageCount: 5,
    rowShape: [2048],
    dims: 2048,
    shards: [
      { file: 'features-00000.npy', rowCount: 3, sha256 },
      { file: 'features-00001.npy', rowCount: 2, sha256 },
    ],
    indexSha256: sha256,
    labelsSha256: sha256,
    outcomesSha256: sha256,
    counts: { kept: 5, duplicate: 1, missing: 0, unreadable: 0, failed: 0, total: 6 },
    canary: 'AAAAAA==',
    madeBy: {
      featuretap: '0.1.0',
      engine: 'onnx',
      engineVersion: '1.0.0',
      device: 'cpu',
      weights: 'resnet50',
      data: '/data',
    },
  });
}
