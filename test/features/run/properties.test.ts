import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { load } from 'npyjs';
import { formatIndex, IndexTable } from '../../../src/features/index/index-table.ts';
import { formatLabels, parseLabels } from '../../../src/features/index/labels.ts';
import { countOutcomes, formatOutcomes, type Outcome, parseOutcomes } from '../../../src/features/index/outcomes.ts';
import { canonicalJson, differences, fingerprintOf } from '../../../src/features/manifest/fingerprint.ts';
import type { FingerprintFields } from '../../../src/features/manifest/manifest.ts';
import { formatManifest, parseManifest, sealManifest } from '../../../src/features/manifest/manifest-file.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import {
  decodeNumbers,
  encodeNpy,
  npyHeaderBytes,
  npyPrefixBytes,
  parseNpyHeader,
  writtenHeaderBytes,
} from '../../../src/formats/npy/npy.ts';
import { UserError } from '../../../src/system/errors.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { fakeSha256, makeFeatureSet, plainFields } from '../make-feature-set.ts';

const id = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.constantFrom('a,b', '"', 'a"b', 'line\nbreak', '\r', ' ', "'", '=1+1', 'ünï'),
);
const ids = fc.uniqueArray(id, { maxLength: 30 });

function joined(parts: Iterable<Uint8Array>): Uint8Array {
  return Buffer.concat([...parts]);
}

describe('tables of a feature set', () => {
  it('an index returns every image in order, and finds each id and no other', () => {
    fc.assert(
      fc.property(
        ids,
        fc.array(fc.nat({ max: 3 })),
        fc.integer({ min: 1, max: 3 }),
        id,
        (names, gaps, stride, other) => {
          let row = 0;
          const images = names.map((name, i) => {
            const image = { row, id: name, path: `train/${name}.jpg`, sha256: fakeSha256(name) };
            row += stride * (1 + (gaps[i] ?? 0));
            return image;
          });
          const bytes = joined(formatIndex(images, stride));
          const table = new IndexTable(bytes, images.length, stride, 'index.csv');
          assert.deepEqual(
            images.map((_, i) => table.at(i)),
            images,
          );
          for (const [i, name] of names.entries()) assert.equal(table.find(name), i);
          if (!names.includes(other)) assert.equal(table.find(other), undefined);
        },
      ),
    );
  });

  it('an index of random bytes is rejected or read, and never throws a raw error', () => {
    const whole = Buffer.from(joined(formatIndex([{ row: 0, id: 'a', path: 'a', sha256: fakeSha256('a') }], 1)));
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: 5 }), (at, byte, count) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        try {
          new IndexTable(bytes, count, 1, 'index.csv');
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
    );
  });

  it('labels are read back in their order, with any characters', () => {
    fc.assert(
      fc.property(ids, fc.array(id), (names, labels) => {
        const pairs = names.map((name, i) => [name, labels[i] ?? 'x'] as const);
        assert.deepEqual([...parseLabels(joined(formatLabels(pairs)), 'labels.csv')], pairs);
      }),
    );
  });

  it('outcomes are read back, and their counts add up', () => {
    const reason = fc.constantFrom('broken JPEG: premature end', 'no file', 'a, b', 'says "no"');
    const outcome: fc.Arbitrary<Outcome> = fc.oneof(
      fc.record(
        { id, path: id, outcome: fc.constant('duplicate' as const), row: fc.nat(), reason },
        { noNullPrototype: true },
      ),
      fc.record(
        { id, path: id, outcome: fc.constantFrom('missing', 'unreadable', 'failed'), reason },
        { noNullPrototype: true },
      ),
    );
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 20 }), fc.nat(), (outcomes, kept) => {
        assert.deepEqual(parseOutcomes(joined(formatOutcomes(outcomes)), 'outcomes.csv'), outcomes);
        const { total, ...counts } = countOutcomes(kept, outcomes);
        assert.equal(
          total,
          Object.values(counts).reduce((sum, count) => sum + count, 0),
        );
        assert.equal(total, kept + outcomes.length);
      }),
    );
  });
});

describe('manifest', () => {
  const fields = fc.record({
    architecture: fc.constantFrom('resnet50', 'onnx'),
    weightsSha256: fc.constantFrom(fakeSha256('a'), fakeSha256('b')),
    tap: fc.constantFrom('avgpool', 'layer4'),
    pool: fc.constantFrom('mean', 'max', 'none'),
    preprocessing: fc.record({
      resize: fc.integer({ min: 1, max: 999 }),
      crop: fc.integer({ min: 1, max: 999 }),
      interpolation: fc.constant('bilinear'),
      mean: fc.constant([0.485, 0.456, 0.406]),
      std: fc.constant([0.229, 0.224, 0.225]),
      autoOrient: fc.boolean(),
    }),
    dtype: fc.constantFrom('float32', 'float16'),
    precision: fc.constant('float32'),
  }) as fc.Arbitrary<FingerprintFields>;

  it('two recipes have the same fingerprint exactly when no field differs, in any order of keys', () => {
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const reversed = Object.fromEntries(Object.entries(b).reverse()) as unknown as FingerprintFields;
        assert.equal(fingerprintOf(b), fingerprintOf(reversed));
        assert.equal(fingerprintOf(a) === fingerprintOf(b), differences(a, b).length === 0);
        assert.equal(canonicalJson(a) === canonicalJson(b), differences(a, b).length === 0);
      }),
    );
  });

  it('a changed character is rejected with the file, or does not change the content', () => {
    const shard = { file: 'features-00000.npy', rowCount: 2, sha256: fakeSha256('shard') };
    const manifest = sealManifest({
      formatVersion: 1,
      fingerprint: fingerprintOf(plainFields),
      fields: plainFields,
      rowCount: 2,
      imageCount: 2,
      rowShape: [4],
      dims: 4,
      shards: [shard],
      indexSha256: fakeSha256('index'),
      labelsSha256: fakeSha256('labels'),
      outcomesSha256: fakeSha256('outcomes'),
      counts: { kept: 2, duplicate: 0, missing: 0, unreadable: 0, failed: 0, total: 2 },
      madeBy: {
        featuretap: '1',
        engine: 'onnx',
        engineVersion: '1',
        device: 'cpu',
        weights: 'resnet50',
        data: '/data',
      },
      canary: 'AAAAAA==',
    });
    const whole = Buffer.from(formatManifest(manifest));
    assert.deepEqual(parseManifest(whole, 'manifest.json'), manifest);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        try {
          assert.deepEqual(parseManifest(bytes, 'manifest.json'), manifest);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, /manifest\.json/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of a newer format is rejected with its version', () => {
    const bytes = new TextEncoder().encode('{"formatVersion": 2}');
    assert.throws(() => parseManifest(bytes, 'manifest.json'), /newer featuretap[\s\S]*format version 2[\s\S]*update/);
  });
});

describe('.npy shards', () => {
  const numbers = fc.array(fc.float({ noNaN: true, min: -65504, max: 65504 }), { maxLength: 40 });

  it('float32 is read back to the bit, by npyjs and by the reader here', async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 3 }), async (values, columns) => {
        const rowCount = Math.floor(values.length / columns);
        const data = Float32Array.from(values.slice(0, rowCount * columns));
        const bytes = encodeNpy(data, [rowCount, columns], 'float32');
        assert.deepEqual(decode(bytes), { data, shape: [rowCount, columns] });
        assert.deepEqual((await load(bytes)).data, data);
      }),
    );
  });

  it('float16 is the nearest value, ties to even, and exact the second time', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const data = Float32Array.from(values);
        const half = decode(encodeNpy(data, [data.length], 'float16')).data;
        for (const [i, value] of data.entries()) {
          // 11 bits of a normal number, 2^-24 apart below 2^-14: at most half a step.
          const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10));
          assert.ok(Math.abs((half[i] as number) - value) <= step / 2, `${value} became ${half[i]}`);
        }
        assert.deepEqual(decode(encodeNpy(half, [half.length], 'float16')).data, half);
      }),
    );
  });

  it('headers have the computed length without the numbers', () => {
    for (const [shape, dtype] of [
      [[2, 3], 'float32'],
      [[7812, 4], 'float16'],
      [[3, 2, 7, 7], 'float16'],
    ] as const) {
      const data = new Float32Array(shape.reduce((product: number, side) => product * side, 1));
      const { length } = encodeNpy(data, shape, dtype);
      assert.equal(length - data.length * (dtype === 'float16' ? 2 : 4), writtenHeaderBytes(shape, dtype));
    }
  });

  it('a header of another dtype, order, byte order or length is rejected with the file', () => {
    const bytes = Buffer.from(encodeNpy(Float32Array.of(1, 2, 3, 4), [2, 2], 'float32'));
    const text = bytes.toString('latin1');
    for (const [from, to] of [
      ["'<f4'", "'>f4'"],
      ["'<f4'", "'<f8'"],
      ["'<f4'", "'<i4'"],
      ['False', ' True'],
      ['(2,2)', '(2,3)'],
      ['(2,2)', '(2,-)'],
      ['NUMPY', 'numpy'],
    ] as const) {
      assert.ok(text.includes(from));
      assert.throws(() => decode(Buffer.from(text.replace(from, to), 'latin1')), namesFile);
    }
    assert.throws(() => decode(bytes.subarray(0, -1)), namesFile);
    assert.throws(() => decode(bytes.subarray(0, 5)), namesFile);
  });

  function decode(bytes: Uint8Array): { data: Float32Array; shape: readonly number[] } {
    const prefix = bytes.subarray(0, npyPrefixBytes);
    const header = bytes.subarray(0, npyHeaderBytes(prefix, 'x.npy'));
    const { shape, dtype, dataOffset } = parseNpyHeader(header, bytes.length, 'x.npy');
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
    decodeNumbers(bytes.subarray(dataOffset), dtype, data);
    return { data, shape };
  }

  function namesFile(error: unknown): boolean {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /x\.npy/);
    return true;
  }
});

describe('readMatrix', () => {
  const root = temporaryFolder();

  it('returns any rows in any order, from shards of any size', async () => {
    const rowCount = 40;
    const columnCount = 3;
    const matrix = {
      rowCount,
      columnCount,
      data: Float32Array.from({ length: rowCount * columnCount }, (_, i) => i * 0.5),
    };
    const names = Array.from({ length: rowCount }, (_, i) => `image-${i}`);
    for (const rowsPerShard of [1, 7, 40]) {
      const folder = join(root, `shards-${rowsPerShard}`);
      await makeFeatureSet(folder, { matrix, ids: names, rowsPerShard });
      const set = await openFeatureSet(folder);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat({ max: rowCount - 1 }), { maxLength: 60 }), async (rows) => {
          const { data } = await set.readMatrix(rows);
          assert.deepEqual(
            [...data],
            rows.flatMap((row) => [...matrix.data.subarray(row * columnCount, (row + 1) * columnCount)]),
          );
        }),
        { numRuns: 30 },
      );
    }
  });
});
