import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { checkClasses } from '../../../../src/extract/images/list/check-classes.ts';
import type { LayoutOptions } from '../../../../src/extract/images/list/image-file.ts';
import { countLeftOut, describeCount } from '../../../../src/extract/images/list/left-out.ts';
import { listImages } from '../../../../src/extract/images/list/list.ts';
import { InterruptedError } from '../../../../src/system/errors.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { tells } from './tells.ts';

const scratch = temporaryFolder();
let folders = 0;

/** A new folder with the given files. */
function folderOf(files: readonly string[], bytes: Readonly<Record<string, string | Buffer>> = {}): string {
  const root = join(scratch, String(folders++));
  mkdirSync(root);
  for (const file of [...files, ...Object.keys(bytes)]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), bytes[file] ?? 'x');
  }
  return root;
}

const jpeg = Buffer.from('ffd8ffe000104a46494600', 'hex');

async function labelsOf(files: readonly string[], options: LayoutOptions = {}): Promise<Record<string, unknown>> {
  const { images } = await listImages(folderOf(files), options);
  return Object.fromEntries(
    images.map(({ id, label, split }) => [id, split === undefined ? label : `${split}: ${label}`]),
  );
}

async function readingOf(files: readonly string[], options: LayoutOptions = {}): Promise<string> {
  return (await listImages(folderOf(files), options)).reading.join('\n');
}

describe('every file is an input or left out', () => {
  test('counts files that are not images by reason, from their bytes', async () => {
    const root = folderOf(
      ['a/1.jpg', 'b/2.jpg', 'a/notes.txt', 'b/more.txt', 'a/.DS_Store', 'b/Thumbs.db', '.git/x.jpg'],
      {
        'a/photo.jfif': jpeg,
        'a/photo.JPE': jpeg,
        'b/noextension': jpeg,
        'b/really-a-jpeg.dat': jpeg,
        'b/paper.pdf': '%PDF-1.7',
        'b/phone.jxl': Buffer.from('ff0a', 'hex'),
        'a/empty': '',
      },
    );
    const { images, leftOut } = await listImages(root);
    assert.deepEqual(
      images.map(({ id }) => id),
      ['a/1', 'a/photo.JPE', 'a/photo.jfif', 'b/2', 'b/noextension', 'b/really-a-jpeg.dat'],
    );
    assert.equal(
      countLeftOut(leftOut).map(describeCount).join(', '),
      '2 .txt, 2 hidden files, 1 .jxl (JPEG XL: djxl FILE FILE.png), 1 .pdf (PDF: pdftoppm -png FILE FILE), 1 file without an extension, 1 hidden folder',
    );
    assert.equal(images.length + leftOut.length, 14);
    assert.equal(
      leftOut.find(({ path }) => path === 'b/paper.pdf')?.reason,
      'not a supported image format (PDF: pdftoppm -png FILE FILE)',
    );
  });

  test('pipes are counted among the files left out', { skip: process.platform === 'win32' }, async () => {
    const root = folderOf(['a/1.jpg', 'b/2.jpg']);
    execFileSync('mkfifo', [join(root, 'a', 'pipe.jpg')]);
    const { leftOut } = await listImages(root);
    assert.equal(countLeftOut(leftOut).map(describeCount).join(), '1 named pipe');
  });

  test('files and folders whose names are not UTF-8 are reported by their bytes, with a fix', {
    skip: process.platform !== 'linux',
  }, async () => {
    const root = folderOf(['a/1.jpg', 'b/2.jpg']);
    const named = (folder: string, name: Buffer): Buffer =>
      Buffer.concat([Buffer.from(`${join(root, folder)}/`), name]);
    writeFileSync(named('a', Buffer.from('caf\xe9.jpg', 'latin1')), jpeg);
    writeFileSync(named('a', Buffer.from('caf\xe8.jpg', 'latin1')), jpeg);
    mkdirSync(named('', Buffer.from('d\xe9j\xe0', 'latin1')));
    const { images, leftOut } = await listImages(root);
    assert.equal(images.length, 2);
    assert.deepEqual(
      leftOut.map(({ path }) => path),
      ['a/caf\\xe8.jpg', 'a/caf\\xe9.jpg', 'd\\xe9j\\xe0/'],
    );
    assert.match(countLeftOut(leftOut).map(describeCount).join(), /^3 names that are not UTF-8 \(convmv/);
  });
});

describe('folders as classes', () => {
  const nested = ['animals/a/1.jpg', 'animals/b/2.jpg'];

  test('are the parent folders where these give at least two classes, and the run reports this', async () => {
    assert.deepEqual(await labelsOf(nested), { 'animals/a/1': 'a', 'animals/b/2': 'b' });
    assert.equal(await readingOf(nested), 'class = the parent folder: 2 classes: a, b');
    const breeds = ['cat/persian/1.jpg', 'cat/siamese/2.jpg', 'dog/pug/3.jpg'];
    assert.equal(
      await readingOf(breeds),
      'class = the parent folder: 3 classes: persian, pug, siamese (--label-from top: 2 classes)',
    );
  });

  test('are a higher level where the parent folder is always the same', async () => {
    assert.deepEqual(await labelsOf(['a/images/1.jpg', 'b/images/2.jpg']), { 'a/images/1': 'a', 'b/images/2': 'b' });
    assert.equal(await readingOf(['x/a/i/1.jpg', 'x/b/i/2.jpg']), 'class = the folder at depth 2: 2 classes: a, b');
  });

  test('are chosen with --depth and --label-from', async () => {
    const breeds = ['cat/persian/1.jpg', 'dog/pug/3.jpg'];
    assert.deepEqual(Object.values(await labelsOf(breeds, { depth: 1 })), ['cat', 'dog']);
    assert.deepEqual(Object.values(await labelsOf(breeds, { depth: 2 })), ['persian', 'pug']);
    assert.deepEqual(Object.values(await labelsOf(breeds, { labelFrom: 'top' })), ['cat', 'dog']);
    assert.deepEqual(Object.values(await labelsOf(breeds, { labelFrom: 'parent' })), ['persian', 'pug']);
    assert.deepEqual(Object.values(await labelsOf(breeds, { labelFrom: 'path' })), ['cat/persian', 'dog/pug']);
    const pets = ['Abyssinian_1.jpg', 'beagle_12.jpg'];
    assert.deepEqual(Object.values(await labelsOf(pets, { labelFrom: '^(.+)_\\d+' })), ['Abyssinian', 'beagle']);
  });

  test('a rule that finds no class in some paths, two rules, and an invalid expression are rejected', async () => {
    await assert.rejects(
      labelsOf(['a/1.jpg', 'a/b/2.jpg'], { depth: 2 }),
      tells('1 of 2 images has no class', 'a/1.jpg'),
    );
    const none = { '3': undefined, 'a/1': undefined, 'a/b/2': undefined };
    assert.deepEqual(await labelsOf(['a/1.jpg', 'a/b/2.jpg', '3.jpg'], { labelFrom: 'none' }), none);
    await assert.rejects(labelsOf(nested, { depth: 2, labelFrom: 'top' }), tells('--depth', 'one of the two'));
    await assert.rejects(labelsOf(nested, { labelFrom: '(' }), tells('--label-from', 'regular expression'));
    await assert.rejects(labelsOf(nested, { labelFrom: 'parnet' }), tells('--label-from', 'parent, top, path'));
  });

  test('a single class is rejected with what was found and the fixes', async () => {
    const list = await listImages(folderOf(['train_images/1.jpg', 'train_images/2.jpg']));
    assert.throws(
      () => checkClasses(list),
      tells('only one class', '2 images of the class train_images', '--labels FILE', '--label-from', '/train_images'),
    );
    checkClasses(await listImages(folderOf(['1.jpg', '2.jpg'])));
  });
});

describe('train/, val/ and test/ with class folders', () => {
  const split = ['train/a/1.jpg', 'train/b/2.jpg', 'val/a/3.jpg', 'val/b/4.jpg', 'test/a/5.jpg', 'test/b/6.jpg'];

  test('become one list with a split', async () => {
    assert.deepEqual(await labelsOf(split), {
      'train/a/1': 'train: a',
      'train/b/2': 'train: b',
      'val/a/3': 'val: a',
      'val/b/4': 'val: b',
      'test/a/5': 'test: a',
      'test/b/6': 'test: b',
    });
    assert.equal(
      await readingOf(split),
      'split = the folders train/ 2, val/ 2, test/ 2; class = the parent folder in them: 2 classes: a, b',
    );
  });

  for (const [train, val, test_] of [
    ['training', 'validation', 'testing'],
    ['Train', 'Valid', 'TEST'],
    ['TRAIN', 'dev', 'Test'],
  ]) {
    test(`may be named ${train}, ${val} and ${test_}`, async () => {
      const files = [`${train}/a/1.jpg`, `${train}/b/2.jpg`, `${val}/a/3.jpg`, `${test_}/b/4.jpg`];
      assert.deepEqual(Object.values(await labelsOf(files)).sort(), ['test: b', 'train: a', 'train: b', 'val: a']);
    });
  }

  test('may be in a subfolder', async () => {
    const inner = split.map((path) => `hymenoptera_data/${path}`);
    assert.equal((await labelsOf(inner))['hymenoptera_data/val/a/3'], 'val: a');
  });

  test('a test folder without classes is left out: predict reads it', async () => {
    const list = await listImages(folderOf(['train/a/1.jpg', 'train/b/2.jpg', 'test/3.jpg', 'test/4.jpg']));
    assert.deepEqual(
      list.images.map(({ label, split }) => [label, split]),
      [
        ['a', undefined],
        ['b', undefined],
      ],
    );
    assert.equal(
      countLeftOut(list.leftOut).map(describeCount).join(),
      '2 images in test/, without labels: predict reads them',
    );
  });

  test('other folders beside them are left out and named', async () => {
    const { leftOut } = await listImages(folderOf([...split, 'sample/a/7.jpg']));
    assert.equal(
      countLeftOut(leftOut).map(describeCount).join(),
      '1 image in sample/, which is none of train, val and test',
    );
  });

  test('classes with such names are still classes', async () => {
    assert.deepEqual(Object.values(await labelsOf(['bus/1.jpg', 'train/2.jpg', 'car/3.jpg'])), ['bus', 'car', 'train']);
  });

  test('a training folder without classes is rejected, with the training folder in the fix', async () => {
    await assert.rejects(
      listImages(folderOf(['train/1.jpg', 'test/2.jpg'])),
      tells('holds images without a class', '--labels FILE', /--data \S+train for/),
    );
  });
});

test('an interrupt stops the listing', async () => {
  const controller = new AbortController();
  controller.abort(new InterruptedError());
  await assert.rejects(listImages(folderOf(['a/1.jpg', 'b/2.jpg']), {}, controller.signal), InterruptedError);
});
