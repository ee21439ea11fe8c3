import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { checkMissing } from '../../../../src/extract/images/list/check-classes.ts';
import { listImages } from '../../../../src/extract/images/list/list.ts';
import { checkImageCount, mostImages } from '../../../../src/extract/images/list/most-images.ts';
import { compareCodePoints } from '../../../../src/rows/classes.ts';
import { UserError } from '../../../../src/system/errors.ts';
import { needsReference, reference } from '../../../reference.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';

const scratch = temporaryFolder();
let folders = 0;

/** A new folder with the given files; only the contents of labels.csv matter to a listing. */
function folderOf(files: readonly string[], labels?: string | Buffer): string {
  const root = join(scratch, String(folders++));
  mkdirSync(root);
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'x');
  }
  if (labels !== undefined) writeFileSync(join(root, 'labels.csv'), labels);
  return root;
}

/** Checks that the message of a UserError contains every text. */
function tells(...parts: readonly (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UserError, `a raw error: ${String(error)}`);
    for (const part of parts) assert.match(error.message, part instanceof RegExp ? part : new RegExp(part));
    return true;
  };
}

test('lists the reference dogs in the order of labels.csv, except missing files', {
  skip: needsReference('dogs/labels.csv', 'reference/dogs-ids.json'),
}, async () => {
  const list = await listImages(reference('dogs'));
  const ids = JSON.parse(readFileSync(reference('reference/dogs-ids.json'), 'utf8')) as string[];
  assert.equal(list.layout, 'table');
  assert.deepEqual(
    list.images.map(({ id }) => id),
    ids,
  );
  assert.equal(list.images[0]?.label, 'boston_bull');
  assert.equal(list.missing.length, 9222);
  assert.equal(list.leftOut.filter(({ kind }) => kind === 'unlabelled').length, 103);
  assert.deepEqual(
    list.leftOut.filter(({ kind }) => kind === 'unnamed'),
    [],
  );
  assert.throws(
    () => checkMissing(list, { allowMissing: false }),
    tells(
      '10,222 images of which 1,000 are there',
      '9,222 missing: 001513dfcb2ffafc82cccf4d8bbaba97',
      '--allow-missing',
    ),
  );
  checkMissing(list, { allowMissing: true });
});

test('keeps the order of labels.csv and distinguishes missing, unnamed and unlabelled images', async () => {
  const root = folderOf(
    ['train/b.JPG', 'train/a.png', 'train/extra.gif', 'test/2.jpg', 'test/10.jpg', 'train/notes.txt'],
    'id,breed\nb,pug\ngone,boxer\na,pug\n',
  );
  const list = await listImages(root);
  assert.deepEqual(list.images, [
    { id: 'b', path: join(root, 'train', 'b.JPG'), relativePath: 'train/b.JPG', label: 'pug' },
    { id: 'a', path: join(root, 'train', 'a.png'), relativePath: 'train/a.png', label: 'pug' },
  ]);
  assert.deepEqual(list.missing, [{ id: 'gone', label: 'boxer' }]);
  assert.deepEqual(
    list.leftOut.map(({ path, kind }) => [path, kind]),
    [
      ['train/notes.txt', undefined],
      ['test/10.jpg', 'unlabelled'],
      ['test/2.jpg', 'unlabelled'],
      ['train/extra.gif', 'unnamed'],
    ],
  );
});

test('reads a labels.csv with byte order mark, CRLF, quotes, extra columns, blank lines, extensions', async () => {
  const root = folderOf(
    ['train/a.jpg', 'train/b c.jpg', 'train/d.jpg'],
    '\uFEFFimage,label,source\r\na,"great, dane",x\r\n\r\nb c, pug ,y\r\nd.jpg,"say ""hi""",z\r\n',
  );
  const list = await listImages(root);
  assert.deepEqual(
    list.images.map(({ id, label }) => [id, label]),
    [
      ['a', 'great, dane'],
      ['b c', 'pug'],
      ['d.jpg', 'say "hi"'],
    ],
  );
});

test('matches ids and file names across Unicode normal forms', async () => {
  const root = folderOf(['train/cafe\u0301.jpg', 'train/犬 一.jpg'], 'id,breed\ncaf\u00e9,pug\n犬 一,柴犬\n');
  const list = await listImages(root);
  assert.deepEqual(
    list.images.map(({ id, label }) => [id, label]),
    [
      ['caf\u00e9', 'pug'],
      ['犬 一', '柴犬'],
    ],
  );
});

const brokenLabels: readonly (readonly [claim: string, labels: string | Buffer, ...message: string[]])[] = [
  ['an empty file', '', 'labels.csv is empty'],
  ['a header alone', 'id,breed\n', 'names no image'],
  ['one column', 'id\na\n', 'one column', '"id"'],
  ['a line with too few columns', 'id,breed\na,pug\nb\n', 'cannot be read', 'line 3'],
  ['an empty id', 'id,breed\na,pug\n,pug\n', 'empty id', 'line 3'],
  ['an empty label', 'id,breed\na,pug\nb,\n', 'empty label', '"b"', 'line 3'],
  [
    'an id of two labels',
    'id,breed\na,pug\nb,pug\na,boxer\n',
    '1 image different labels',
    'a: pug and boxer \\(line 4\\)',
    '--conflicts drop',
  ],
  ['no header', 'a,pug\nb,pug\n', 'no header', 'train/a.jpg'],
  ['a quote that never closes', `id,breed\n"a,pug\n${'b,pug\n'.repeat(20_000)}`, 'cannot be read'],
];
for (const [claim, labels, ...message] of brokenLabels) {
  test(`rejects a labels.csv with ${claim}`, async () => {
    await assert.rejects(
      listImages(folderOf(['train/a.jpg', 'train/b.jpg'], labels)),
      tells(...message, 'labels\\.csv', 'fix: '),
    );
  });
}

test('rejects one id with two files and two ids with one file and two labels', async () => {
  const two = folderOf(['train/a.jpg', 'train/a.png'], 'id,breed\na,pug\n');
  await assert.rejects(listImages(two), tells('several files', 'train/a.jpg, train/a.png', 'line 2'));
  const one = folderOf(['train/a.jpg'], 'id,breed\na,pug\na.jpg,boxer\n');
  await assert.rejects(listImages(one), tells('different labels', 'a.jpg: pug and boxer', 'line 3'));
});

test('--allow-missing does not accept an empty train/', async () => {
  const root = folderOf(['train/other.jpg'], 'id,breed\na,pug\n');
  const list = await listImages(root);
  assert.throws(() => checkMissing(list, { allowMissing: true }), tells('1 image of which 0 are there'));
});

test('the parent folder is the class, at any depth, sorted by code point', async () => {
  const root = folderOf([
    'b/1.jpg',
    'a/x/deep.webp',
    'a/2.JPEG',
    'Z/1.tif',
    'ä b/犬.avif',
    'a-/1.tiff',
    'empty/readme.md',
  ]);
  const list = await listImages(root);
  assert.equal(list.layout, 'folders');
  assert.deepEqual(
    list.images.map(({ id, label }) => `${label}: ${id}`),
    ['Z: Z/1', 'a-: a-/1', 'a: a/2', 'x: a/x/deep', 'b: b/1', 'ä b: ä b/犬'],
  );
  assert.equal(list.images[2]?.path, join(root, 'a/2.JPEG'));
});

test('different files have different ids, however their names are spelt', async () => {
  // macOS keeps only one of the two spellings of é.
  const list = await listImages(
    folderOf(['a.jpg', 'a.png', 'a.jpg.jpg', 'é.jpg'.normalize('NFC'), 'é.jpg'.normalize('NFD')]),
  );
  const ids = list.images.map(({ id }) => id);
  assert.ok(ids.length >= 4);
  assert.deepEqual([...new Set(ids)], ids);
  assert.deepEqual(ids.slice(0, 3), ['a.jpg', 'a.jpg.jpg', 'a.png']);
});

test('ids keep the extension where two files would otherwise share one', async () => {
  const list = await listImages(folderOf(['a.jpg', 'a.png', 'b.png']));
  assert.equal(list.layout, 'flat');
  assert.deepEqual(
    list.images.map(({ id, label }) => [id, label]),
    [
      ['a.jpg', undefined],
      ['a.png', undefined],
      ['b', undefined],
    ],
  );
});

test('ignores hidden files and the extra files of archivers', async () => {
  const root = folderOf([
    'pug/1.jpg',
    'pug/._1.jpg',
    '.git/2.jpg',
    '__MACOSX/pug/1.jpg',
    'pug/Thumbs.db',
    'pug/.hidden/3.jpg',
  ]);
  const list = await listImages(root);
  assert.deepEqual(
    list.images.map(({ id }) => id),
    ['pug/1'],
  );
});

test('enters linked folders once and never loops', { skip: process.platform === 'win32' }, async () => {
  const elsewhere = folderOf(['3.jpg', 'deeper/4.jpg']);
  const root = folderOf(['b/1.jpg', 'b/sub/2.jpg', '.store/hidden.jpg']);
  symlinkSync('..', join(root, 'b', 'loop'));
  symlinkSync('sub', join(root, 'b', 'again'));
  symlinkSync('b', join(root, 'a-link-to-b'));
  symlinkSync(elsewhere, join(root, 'c'));
  symlinkSync(elsewhere, join(elsewhere, 'deeper', 'back'));
  symlinkSync(join(root, '.store'), join(root, 'stored'));
  symlinkSync('nowhere', join(root, 'dangling-folder'));
  symlinkSync('nowhere.jpg', join(root, 'b', 'dangling.jpg'));
  const list = await listImages(root);
  assert.deepEqual(
    list.images.map(({ id }) => id),
    ['b/1', 'b/dangling', 'b/sub/2', 'c/3', 'c/deeper/4', 'stored/hidden'],
  );
});

test('ignores pipes, which would never end', { skip: process.platform === 'win32' }, async () => {
  const root = folderOf(['a.jpg']);
  execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
  assert.deepEqual(
    (await listImages(root)).images.map(({ id }) => id),
    ['a'],
  );
});

test('for a missing folder the error names the most similar one beside it, for an image its folder', async () => {
  const root = folderOf(['dogs/pug/a.jpg']);
  writeFileSync(join(root, 'dogs', 'one'), Buffer.from('ffd8ffe000104a46494600010101', 'hex'));
  for (const [typed, instead] of [
    [join(root, 'dgos'), join(root, 'dogs')],
    [join(root, 'dogs', 'one'), join(root, 'dogs')],
  ] as const) {
    await assert.rejects(
      listImages(typed),
      (error) => error instanceof UserError && error.parts.found === typed && error.parts.instead === instead,
    );
  }
});

test('rejects folders of an unknown layout', async () => {
  await assert.rejects(
    listImages(join(scratch, 'nowhere')),
    tells('no such data folder', 'a folder with one folder per class'),
  );
  const file = join(folderOf(['a.jpg']), 'a.jpg');
  await assert.rejects(listImages(file), tells('a file, not a folder'));
  await assert.rejects(
    listImages(folderOf(['notes.txt'])),
    tells('holds no image', 'detected by their bytes: jpg, jpeg'),
  );
  await assert.rejects(listImages(folderOf(['a.jpg', 'pug/b.jpg'])), tells('1 image ', 'beside folders'));
});

test('sorts by code point, not by UTF-16 unit', () => {
  const sorted = ['\u{1F436}', '\uFF5E', 'b', 'ab', 'a', ''].sort(compareCodePoints);
  const asBytes = [...sorted].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(sorted, asBytes);
  assert.deepEqual(sorted, ['', 'a', 'ab', 'b', '\uFF5E', '\u{1F436}']);
});

test('a folder with more images than a set can hold is rejected with an alternative', () => {
  checkImageCount(16_000_000, '/data');
  assert.throws(
    () => checkImageCount(16_000_001, '/data'),
    (error) =>
      error instanceof UserError && /16000001 images[\s\S]*a feature set for each of its folders/.test(error.message),
  );
  // The source of the limit.
  assert.ok(mostImages < 2 ** 24);
});
