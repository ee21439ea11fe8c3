import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readExternalFeatures } from '../../../src/classify/data/external-features.ts';
import { readObjectItems } from '../../../src/formats/npy/npy-labels.ts';
import { byteTarget, type FuzzTarget } from './fuzz-target.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/classify/', import.meta.url));
const filesOf = (folder: string, names: RegExp): readonly Uint8Array[] =>
  readdirSync(join(fixtures, folder))
    .filter((name) => names.test(name))
    .map((name) => readFileSync(join(fixtures, folder, name)));

const pickleWords = [
  'cos\nsystem\n',
  'cnumpy\nndarray\n',
  'R',
  'b',
  '\x81',
  '(',
  't',
  ']',
  'e',
  '\x85',
  'q\x01',
  'X\xff\xff\xff\x7f',
  '.',
];
const csvWords = [',', ';', '\t', '"', '\r\n', '\ufeff', 'id', 'label', 'class', 'nan', 'inf', '1e999', '-', ''];

/** Matrices of other programs: archives, tables, and pickled object arrays. */
export function matrixTargets(folder: string): readonly FuzzTarget[] {
  const objects = filesOf('npy', /^y-.*object.*\.npy$|^y-hostile\.npy$/).map((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return bytes.subarray(10 + view.getUint16(8, true));
  });
  const matrix =
    (extension: string): FuzzTarget['read'] =>
    async (bytes) => {
      const file = join(folder, `matrix${extension}`);
      writeFileSync(file, bytes);
      const { ids, features, labels } = await readExternalFeatures(file, undefined, {});
      assert.equal(features.data.length, features.rowCount * features.columnCount);
      assert.deepEqual([ids.length, labels.length], [features.rowCount, features.rowCount]);
    };
  return [
    byteTarget(
      'matrix: .npz',
      filesOf('npy', /\.npz$/),
      ['PK\x01\x02', 'PK\x03\x04', '.npy', '\x93NUMPY'],
      matrix('.npz'),
    ),
    byteTarget(
      'matrix: Parquet',
      filesOf('matrices', /\.parquet$/),
      ['PAR1', '\x15\0', '\x19', '\x1c', '\xff\xff'],
      matrix('.parquet'),
    ),
    byteTarget('matrix: CSV', filesOf('matrices', /\.csv$/), csvWords, matrix('.csv')),
    byteTarget('matrix: objects', objects, pickleWords, (bytes) => {
      const { names } = readObjectItems(bytes, 'x.npy');
      assert.ok(names.every((name) => typeof name === 'string'));
    }),
  ];
}
