import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNpyMatrix } from '../../../src/formats/npy/npy-file.ts';
import { readNpyLabels } from '../../../src/formats/npy/npy-labels.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const fixture = (name: string): string => join(projectRoot, 'test', 'fixtures', 'classify', 'npy', `${name}.npy`);
const expected = Array.from({ length: 15 }, (_, i) => (i - 4) / 8);

for (const name of ['float16', 'float32', 'float64']) {
  for (const order of ['', '-fortran']) {
    test(`reads a ${name} matrix written by numpy.save${order === '' ? '' : ' in Fortran order'}`, async () => {
      const path = fixture(`x-${name}${order}`);
      const { rowCount, columnCount, data, sha256 } = await readNpyMatrix(path);
      assert.deepEqual([rowCount, columnCount, [...data]], [5, 3, expected]);
      assert.equal(
        sha256,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
    });
  }
}

for (const [name, values] of [
  ['x-big-endian', expected],
  ['x-big-endian-fortran', expected],
  ['x-int', Array.from({ length: 15 }, (_, i) => i)],
  ['x-bool', Array.from({ length: 15 }, (_, i) => i % 2)],
  ['x-uint16-big-endian', Array.from({ length: 15 }, (_, i) => i * 1000)],
] as const) {
  test(`reads ${name} as numbers`, async () => {
    const { rowCount, columnCount, data } = await readNpyMatrix(fixture(name));
    assert.deepEqual([rowCount, columnCount, [...data]], [5, 3, values]);
  });
}

test('reads labels as float integers, big-endian, booleans, or strings in an object array', async () => {
  assert.deepEqual(await readNpyLabels(fixture('y-float')), { names: ['10', '2', '10', '-1', '2'], numeric: true });
  assert.deepEqual(await readNpyLabels(fixture('y-big-endian')), {
    names: ['10', '2', '10', '-1', '2'],
    numeric: true,
  });
  assert.deepEqual((await readNpyLabels(fixture('y-bool'))).names, ['1', '0', '1', '1', '0']);
  for (const name of ['y-objects', 'y-objects-column']) {
    assert.deepEqual(await readNpyLabels(fixture(name)), { names: ['a', 'b', 'a', 'b', 'a'], numeric: false }, name);
  }
  assert.deepEqual(await readNpyLabels(fixture('y-object-numbers')), {
    names: ['3', '1', '3', '2', '1'],
    numeric: true,
  });
});

test('runs no code named in an object array', async () => {
  await assert.rejects(readNpyLabels(fixture('y-hostile')), /posix\.system/);
  assert.ok(!existsSync('/tmp/featuretap-was-here'));
});

test('reads feature maps as one row per image', async () => {
  const { rowCount, columnCount, data } = await readNpyMatrix(fixture('x-maps'));
  assert.deepEqual([rowCount, columnCount, [...data]], [5, 3, expected]);
});

test('reads labels that are numbers of any width, or text', async () => {
  for (const name of ['int8', 'int16', 'int32', 'int64', 'column']) {
    const numeric = { names: ['10', '2', '10', '-1', '2'], numeric: true };
    assert.deepEqual(await readNpyLabels(fixture(`y-${name}`)), numeric, name);
  }
  assert.deepEqual((await readNpyLabels(fixture('y-uint8'))).names, ['10', '2', '10', '1', '2']);
  assert.deepEqual(await readNpyLabels(fixture('y-text')), {
    names: ['pug', 'é', 'pug', '\u{1F600}', 'é'],
    numeric: false,
  });
  assert.deepEqual((await readNpyLabels(fixture('y-bytes'))).names, ['pug', 'a', 'pug', 'bc', 'a']);
});

test('rejects unsupported arrays, with found and expected', async () => {
  await assert.rejects(readNpyMatrix(fixture('x-complex')), /type c16[\s\S]*not complex/);
  await assert.rejects(readNpyMatrix(fixture('y-int8')), /shape \(5\)/);
  await assert.rejects(readNpyLabels(fixture('y-mixed-objects')), /an item that is None[\s\S]*astype\(str\)/);
  await assert.rejects(readNpyLabels(fixture('y-measures')), /look like measurements[\s\S]*0\.5/);
  await assert.rejects(readNpyLabels(fixture('y-matrix')), /shape \(5, 3\)[\s\S]*\(rows,\)/);
  await assert.rejects(readNpyMatrix(fixture('nowhere')), /cannot read/);
});

const folder = temporaryFolder();

test('any truncation or changed byte of a header is rejected or read, without a raw error', async () => {
  const whole = await readFile(fixture('x-float32'));
  const path = join(folder, 'broken.npy');
  const attempt = async (bytes: Uint8Array): Promise<void> => {
    await writeFile(path, bytes);
    await readNpyMatrix(path).then(
      ({ data }) => assert.ok(data.byteLength <= whole.length * 2),
      (error) => assert.equal(error.name, 'UserError', String(error)),
    );
  };
  for (let length = 0; length < whole.length; length += 7) await attempt(whole.subarray(0, length));
  for (let at = 0; at < 128; at++) {
    for (const value of [0, 0x27, 0x39, 0xff]) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = value;
      await attempt(bytes);
    }
  }
});
