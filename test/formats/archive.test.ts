import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readEntrySync } from '../../src/formats/archive/entry.ts';
import { listArchive } from '../../src/formats/archive/list-archive.ts';
import { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { drawTar, drawZip } from './draw-archive.ts';

const root = temporaryFolder();
let count = 0;

function kept(bytes: Uint8Array): string {
  const file = join(root, `archive-${count++}`);
  writeFileSync(file, bytes);
  return file;
}

async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  const file = kept(bytes);
  const entries = await listArchive(file);
  return Object.fromEntries(
    entries.map((entry) => [entry.name, readEntrySync(file, entry, 1e6).bytes?.toString() ?? 'too long']),
  );
}

function refuses(bytes: Uint8Array, ...parts: readonly RegExp[]): Promise<void> {
  return assert.rejects(listArchive(kept(bytes)), (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const part of parts) assert.match(error.message, part);
    return true;
  });
}

const files = { 'a/1.jpg': Buffer.from('one'), './b/ü.jpg': Buffer.from('two'), 'empty.txt': Buffer.alloc(0) };
const wanted = { 'a/1.jpg': 'one', 'b/ü.jpg': 'two', 'empty.txt': '' };

describe('archives are listed without unpacking, and read entry by entry', () => {
  test('zip, stored and deflated', async () => {
    assert.deepEqual(await contents(drawZip(files)), wanted);
    assert.deepEqual(await contents(drawZip(files, { deflate: true })), wanted);
  });

  test('zip from Windows, with backslashes', async () => {
    assert.deepEqual(await contents(drawZip({ 'a\\1.jpg': Buffer.from('x') })), { 'a/1.jpg': 'x' });
  });

  test('tar with long names', async () => {
    const long = `${'folder/'.repeat(40)}ü.jpg`;
    const [utf8, plain] = [{ [long]: Buffer.from('long') }, { 'a/1.jpg': Buffer.from('one') }];
    assert.deepEqual(await contents(drawTar({ ...utf8, ...plain })), { [long]: 'long', 'a/1.jpg': 'one' });
  });

  for (const format of ['ustar', 'gnu', 'posix', 'v7']) {
    test(`tar as written by the system's tar: ${format}`, { skip: process.platform !== 'linux' }, async () => {
      const folder = join(root, `files-${format}`);
      const name = format === 'posix' || format === 'gnu' ? `${'x'.repeat(120)}.jpg` : 'short.jpg';
      mkdirSync(join(folder, 'a'), { recursive: true });
      writeFileSync(join(folder, 'a', name), 'photo');
      writeFileSync(join(folder, 'b.jpg'), 'other');
      const file = join(root, `${format}.tar`);
      execFileSync('tar', ['--format', format, '-C', folder, '-cf', file, '.']);
      const entries = await listArchive(file);
      const read = entries.map((entry) => [entry.name, readEntrySync(file, entry, 100).bytes?.toString()]);
      assert.deepEqual(
        read.sort(),
        [
          [`a/${name}`, 'photo'],
          ['b.jpg', 'other'],
        ].sort(),
      );
    });
  }
});

describe('malicious archives are rejected', () => {
  const evil = Buffer.from('x');
  test('paths that lead out of the archive', async () => {
    for (const name of ['../x.jpg', 'a/../../x.jpg', '/etc/x.jpg', 'C:/x.jpg']) {
      await refuses(drawZip({ [name]: evil }), /an archive is refused/);
      await refuses(drawTar({ [name]: evil }), /an archive is refused[\s\S]*leads out of it/);
    }
  });

  test('links', async () => {
    await refuses(drawZip({ 'x.jpg': evil }, { links: ['x.jpg'] }), /x\.jpg, a link/);
    for (const type of ['1', '2']) await refuses(drawTar({ 'x.jpg': evil }, { types: { 'x.jpg': type } }), /a link/);
  });

  test('devices and pipes', async () => {
    for (const type of ['3', '4', '6']) await refuses(drawTar({ x: evil }, { types: { x: type } }), /of the type/);
  });

  test('files that unpack to hundreds of times their size', async () => {
    await refuses(drawZip({ 'x.jpg': Buffer.alloc(20 << 20) }, { deflate: true }), /bytes that unpack to 20971520/);
  });

  test('a false size: no more than the size is unpacked, and the entry fails', async () => {
    const file = kept(drawZip({ 'x.jpg': Buffer.alloc(1 << 20) }, { deflate: true, claims: { 'x.jpg': 10 } }));
    const [entry] = await listArchive(file);
    assert.ok(entry !== undefined);
    assert.throws(() => readEntrySync(file, entry, 1e6));
  });

  test('two entries with one name, or with the same bytes', async () => {
    await refuses(drawTar({ 'x.jpg': evil, './x.jpg': evil }), /two entries named x\.jpg/);
    const zip = drawZip({ 'x.jpg': evil, 'y.jpg': evil });
    // The second entry's offset in the directory, set to the first one's.
    zip.writeUInt32LE(0, zip.lastIndexOf(Buffer.from('y.jpg')) - 4);
    await refuses(zip, /whose bytes are those of another entry too/);
  });

  test('files that are no archive, broken, or must be unpacked first, with the command', async () => {
    await refuses(Buffer.from('no archive'), /a file, not a folder nor an archive/);
    await refuses(gzipSync(drawTar(files)), /a gzip archive[\s\S]*gunzip --keep/);
    await refuses(drawZip(files).subarray(0, 150), /zip archive cannot be read/);
    await refuses(drawTar(files).subarray(0, 700), /tar archive cannot be read/);
  });
});
