import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/system/make-folder.ts';

test('creates a folder and its parents, also existing ones, and not in place of a file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-folder-'));
  try {
    const deep = join(root, 'a', 'b', 'c');
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(root, 'a'))]);
    await makeFolder(deep);
    assert.ok((await stat(deep)).isDirectory());
    await writeFile(join(root, 'file'), '');
    await assert.rejects(makeFolder(join(root, 'file')), { code: 'EEXIST' });
    await assert.rejects(makeFolder(join(root, 'file', 'below')), { code: 'ENOTDIR' });
  } finally {
    await rm(root, { recursive: true });
  }
});

test('fails where a folder cannot be created although its parent exists', {
  skip: existsSync('/proc/self') ? false : 'no /proc here',
}, async () => {
  await assert.rejects(makeFolder('/proc/featuretap'), { code: 'ENOENT' });
  await assert.rejects(makeFolder('/proc/featuretap/below'), { code: 'ENOENT' });
});
