import assert from 'node:assert/strict';
import { elementCount } from '../../../src/formats/element-types.ts';
import { PickleDict, type PickleValue } from '../../../src/formats/pth/pickle-value.ts';
import { readPth } from '../../../src/formats/pth/pth.ts';
import { StridedTensor } from '../../../src/formats/pth/strided-tensor.ts';
import type { Draw } from './draw.ts';
import { byteTarget, type FuzzTarget } from './fuzz-target.ts';
import { difficultNumber, mutateBytes } from './mutate.ts';
import { storedZip } from './stored-zip.ts';

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

/** .pth files of both formats: archives with pickles, and the legacy stream of pickles. */
export function pthTargets(fixture: (file: string) => Uint8Array): readonly FuzzTarget[] {
  const folder = 'pth/';
  const whole = ['zip.pth', 'checkpoint.pth', 'ones.pth', 'zip-protocol4.pth', 'stride-zero-bomb.pth'];
  const legacy = ['legacy.pth', 'module-legacy.pth'].map((file) => fixture(folder + file));
  const zips = whole.map((file) => fixture(folder + file));
  return [
    byteTarget('.pth zip', zips, ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', '/data.pkl'], readStateDict),
    picklesInZips(zips.map(entriesOf)),
    directoriesOfZips(zips),
    byteTarget('.pth legacy', legacy, pickleWords, readStateDict),
  ];
}

/** Mutates data.pkl alone, in an archive with correct sizes, checksums and storages. */
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

/**
 * Puts difficult numbers into the fields of an archive's directory: sizes, methods, offsets, lengths of names, counts.
 */
function directoriesOfZips(zips: readonly Uint8Array[]): FuzzTarget {
  /** Offset and width of each field: APPNOTE 4.3.12 for an entry, 4.3.16 for the end of the directory. */
  const fields = {
    'PK\x01\x02': [
      [8, 2],
      [10, 2],
      [16, 4],
      [20, 4],
      [24, 4],
      [28, 2],
      [30, 2],
      [32, 2],
      [42, 4],
    ],
    'PK\x05\x06': [
      [8, 2],
      [10, 2],
      [12, 4],
      [16, 4],
      [20, 2],
    ],
  } as const;
  const make = (draw: Draw): Uint8Array => {
    const bytes = Buffer.from(draw.oneOf(zips));
    for (let change = draw.oneOf([1, 1, 2, 3]); change > 0; change--) {
      const magic = draw.oneOf(['PK\x01\x02', 'PK\x01\x02', 'PK\x05\x06'] as const);
      const [offset, width] = draw.oneOf<readonly [number, number]>(fields[magic]);
      const at = offset + draw.oneOf(placesOf(bytes, magic));
      const value = draw.oneOf([BigInt.asUintN(8 * width, difficultNumber(draw)), BigInt(draw.below(bytes.length))]);
      if (width === 2) bytes.writeUInt16LE(Number(BigInt.asUintN(16, value)), at);
      else bytes.writeUInt32LE(Number(value), at);
    }
    return bytes;
  };
  return { name: '.pth zip directory', make, read: readStateDict };
}

function placesOf(bytes: Buffer, magic: string): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(magic, 0, 'latin1'); at !== -1; at = bytes.indexOf(magic, at + 1, 'latin1'))
    places.push(at);
  return places;
}

/** Files of the small archives of torch.save by name, from local headers and data descriptors. */
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
  // Larger ones are rejected when weights are loaded.
  if (count <= stored) assert.equal(tensor.toFloat32().length, count);
}
