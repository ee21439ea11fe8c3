import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readUserNetwork } from '../../../src/extract/backbone/user-network.ts';
import { readLabels } from '../../../src/extract/images/labels-csv.ts';
import { fingerprintOf } from '../../../src/features/fingerprint.ts';
import type { FingerprintFields, Manifest } from '../../../src/features/manifest.ts';
import { formatManifest, parseManifest, sealManifest } from '../../../src/features/manifest-file.ts';
import { decodeNumbers, encodeNpy, npyHeaderBytes, npyPrefixBytes, parseNpyHeader } from '../../../src/features/npy.ts';
import { bytesPerElement, elementCount, toFloat32 } from '../../../src/formats/element-types.ts';
import { decodeModel } from '../../../src/formats/onnx/decode.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { decodeTensor } from '../../../src/formats/onnx/tensor.ts';
import { PickleDict, type PickleValue } from '../../../src/formats/pth/pickle-value.ts';
import { readPth } from '../../../src/formats/pth/pth.ts';
import { StridedTensor } from '../../../src/formats/pth/strided-tensor.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors.ts';
import type { Draw } from './draw.ts';
import { byteTarget, type FuzzTarget, jsonTarget } from './fuzz-target.ts';
import { mutateBytes } from './mutate.ts';
import { otherTables } from './other-tables.ts';
import { storedZip } from './stored-zip.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const fixture = (file: string): Uint8Array => readFileSync(join(fixtures, file));

export function fuzzTargets(): { readonly targets: readonly FuzzTarget[]; readonly close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'featuretap-fuzz-'));
  const targets = [npy(), ...safetensors(), ...pth(), ...onnx(), labels(folder), ...manifest(), ...otherTables(folder)];
  return { targets, close: () => rmSync(folder, { recursive: true }) };
}

function npy(): FuzzTarget {
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
  return byteTarget('.npy', seeds, [...words, 'True', 'False', '\x93NUMPY', ')', "'"], (bytes) => {
    const headerBytes = npyHeaderBytes(bytes.subarray(0, npyPrefixBytes), 'x.npy');
    const header = parseNpyHeader(bytes.subarray(0, headerBytes), bytes.length, 'x.npy');
    const count = elementCount(header.shape) ?? Number.NaN;
    const data = bytes.subarray(header.dataOffset);
    assert.equal(data.length, count * (header.dtype === 'float16' ? 2 : 4));
    decodeNumbers(data, header.dtype, new Float32Array(count));
  });
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

const pickleWords = [
  'cos\nsystem\n',
  'c__builtin__\neval\n',
  'ctorch\nFloatStorage\n',
  'ctorch\nUntypedStorage\n',
  'ctorch\nfloat32\n',
  'ctorch._utils\n_rebuild_tensor_v2\n',
  'ctorch._utils\n_rebuild_tensor_v3\n',
  'ctorch._utils\n_rebuild_parameter\n',
  'ccollections\nOrderedDict\n',
  'iposix\nsystem\n',
  '\x93',
  'R',
  'Q',
  'b',
  'o',
  '\x81',
  '(',
  't',
  'u',
  'e',
  's',
  'a',
  '0',
  '1',
  '2',
  'N',
  '\x88',
  ']',
  '}',
  ')',
  '\x85',
  '\x86',
  '\x87',
  'h\x00',
  'q\x01',
  '\x94',
  'X\xff\xff\xff\x7f',
  '\x8b\xff\xff\xff\x7f',
  '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f',
  'J\xff\xff\xff\xff',
  'L1L\n',
  'F1e999\n',
  '.',
];

function pth(): readonly FuzzTarget[] {
  const folder = 'pth/';
  const whole = ['zip.pth', 'checkpoint.pth', 'ones.pth', 'zip-protocol4.pth', 'stride-zero-bomb.pth'];
  const legacy = ['legacy.pth', 'module-legacy.pth'].map((file) => fixture(folder + file));
  const zips = whole.map((file) => fixture(folder + file));
  return [
    byteTarget('.pth zip', zips, ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', '/data.pkl'], readStateDict),
    picklesInZips(zips.map(entriesOf)),
    byteTarget('.pth legacy', legacy, pickleWords, readStateDict),
  ];
}

/** Mutations of data.pkl alone, in an archive whose sizes and checksums fit and whose storages are all there. */
function picklesInZips(archives: readonly Readonly<Record<string, Uint8Array>>[]): FuzzTarget {
  const seeds = archives.map((entries) => {
    const name = Object.keys(entries).find((entry) => entry.endsWith('/data.pkl')) ?? '';
    return { entries, name, pickle: entries[name] ?? new Uint8Array() };
  });
  const make = (draw: Draw): Uint8Array => {
    const { entries, name, pickle } = draw.oneOf(seeds);
    return storedZip({ ...entries, [name]: mutateBytes(pickle, draw.oneOf(seeds).pickle, pickleWords, draw) });
  };
  return { name: '.pth pickle in a zip', make, read: readStateDict };
}

/** Name to bytes of the small archives that torch.save wrote, by local headers and the data descriptors behind them. */
function entriesOf(zip: Uint8Array): Readonly<Record<string, Uint8Array>> {
  const bytes = Buffer.from(zip);
  const entries: Record<string, Uint8Array> = {};
  for (let at = 0; bytes.subarray(at, at + 4).toString('latin1') === 'PK\x03\x04'; ) {
    const nameEnd = at + 30 + bytes.readUInt16LE(at + 26);
    const start = nameEnd + bytes.readUInt16LE(at + 28);
    const end = bytes.indexOf('PK\x07\x08', start, 'latin1');
    entries[bytes.subarray(at + 30, nameEnd).toString()] = bytes.subarray(start, end);
    at = bytes.indexOf('PK', end + 4, 'latin1');
  }
  return entries;
}

async function readStateDict(bytes: Uint8Array): Promise<void> {
  const root = await readPth(bytes, 'x.pth');
  const seen = new Set<PickleValue>();
  const stack: PickleValue[] = [root];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value instanceof PickleDict) for (const [key, inner] of value) stack.push(key, inner);
    else if (Array.isArray(value)) for (const inner of value) stack.push(inner);
    else if (value instanceof StridedTensor) readTensor(value);
  }
}

function readTensor(tensor: StridedTensor): void {
  const count = elementCount(tensor.shape) ?? Number.NaN;
  const stored = tensor.storage.elementCountAs(tensor.type);
  assert.ok(tensor.elementsNeeded() <= stored);
  assert.ok(tensor.storage.bytes?.length === tensor.storage.byteLength);
  // Larger ones are refused where weights are loaded.
  if (count <= stored) assert.equal(tensor.toFloat32().length, count);
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

function labels(folder: string): FuzzTarget {
  const lines = Array.from({ length: 20 }, (_, i) => `${(i * 7919).toString(16)},breed ${i % 4}`);
  const seeds = [
    Buffer.from(`id,breed\n${lines.join('\n')}\n`),
    Buffer.from(`\ufeffid,breed,more\r\n"a, b","c ""d""",e\r\n\r\nü,日本,\r\n`),
  ];
  const file = join(folder, 'labels.csv');
  return byteTarget('labels.csv', seeds, [',', '"', '""', '\r', '\n', '\r\n', '\0', '\ufeff', ' '], async (bytes) => {
    writeFileSync(file, bytes);
    const { header, rows } = await readLabels(file);
    assert.ok(header.length >= 2);
    assert.equal(new Set(rows.map((row) => row.id)).size, rows.length);
    assert.ok(rows.every((row) => row.id !== '' && row.label !== ''));
  });
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
    // With its own checksums made to fit, so that the fields behind them are reached.
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
  const fields: FingerprintFields = {
    architecture: 'resnet50',
    weightsSha256: '1'.repeat(64),
    tap: 'avgpool',
    pool: 'mean',
    preprocessing: {
      resize: 256,
      crop: 224,
      interpolation: 'bilinear',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      autoOrient: false,
    },
    dtype: 'float32',
    precision: 'float32',
  };
  const sha256 = '2'.repeat(64);
  return sealManifest({
    formatVersion: 1,
    fingerprint: fingerprintOf(fields),
    fields,
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
