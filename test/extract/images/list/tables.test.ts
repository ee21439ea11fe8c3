import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { checkMissing } from '../../../../src/extract/images/list/check-classes.ts';
import type { ImageList, LayoutOptions } from '../../../../src/extract/images/list/image-file.ts';
import { countLeftOut, describeCount } from '../../../../src/extract/images/list/left-out.ts';
import { listImages } from '../../../../src/extract/images/list/list.ts';
import { UserError } from '../../../../src/system/errors.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { tells } from './tells.ts';

const scratch = temporaryFolder();
let folders = 0;

/** A new folder with images of these names and tables with these texts. */
function folderOf(images: readonly string[], tables: Readonly<Record<string, string | Buffer>>): string {
  const root = join(scratch, String(folders++));
  mkdirSync(root);
  for (const file of [...images, ...Object.keys(tables)]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), tables[file] ?? 'x');
  }
  return root;
}

function list(
  images: readonly string[],
  tables: Readonly<Record<string, string | Buffer>>,
  options: LayoutOptions = {},
): Promise<ImageList> {
  return listImages(folderOf(images, tables), options);
}

/** `train/a.jpg: pug` for each image, and the description of the table. */
async function labelled(...args: Parameters<typeof list>): Promise<readonly string[]> {
  const { images, reading } = await list(...args);
  return [
    ...images.map(
      ({ relativePath, label, split }) => `${relativePath}: ${label}${split === undefined ? '' : ` (${split})`}`,
    ),
    ...reading,
  ];
}

const leftOut = ({ leftOut: files }: ImageList): string => countLeftOut(files).map(describeCount).join(', ');

describe('tables with any name', () => {
  const cases: readonly (readonly [
    claim: string,
    images: string[],
    tables: Record<string, string>,
    wanted: string[],
  ])[] = [
    [
      'train.csv and train_images/ (image_id,label)',
      ['train_images/1.jpg', 'train_images/2.jpg', 'test_images/3.jpg'],
      { 'train.csv': 'image_id,label\n1.jpg,0\n2.jpg,4\n' },
      ['train_images/1.jpg: 0', 'train_images/2.jpg: 4', 'train.csv: id = image_id, label = label', '2 classes: 0, 4'],
    ],
    [
      'one-hot columns',
      ['images/a.jpg', 'images/b.jpg'],
      { 'train.csv': 'image_id,healthy,rust\na,1,0\nb,0,1\n' },
      [
        'images/a.jpg: healthy',
        'images/b.jpg: rust',
        'train.csv: id = image_id, label = one of healthy, rust',
        '2 classes: healthy, rust',
      ],
    ],
    [
      'train/train/',
      ['train/train/a.jpg', 'train/train/b.jpg', 'test/test/c.jpg'],
      { 'labels.csv': 'id,breed\na,x\nb,y\n' },
      ['train/train/a.jpg: x', 'train/train/b.jpg: y', 'labels.csv: id = id, label = breed', '2 classes: x, y'],
    ],
    [
      'two folders of images with one table, which would be classes',
      ['part_1/a.jpg', 'part_2/b.jpg'],
      { 'metadata.csv': 'lesion_id,image_id,dx,age\nH1,a,nv,80\nH2,b,mel,70\n' },
      ['part_1/a.jpg: nv', 'part_2/b.jpg: mel', 'metadata.csv: id = image_id, label = dx', '2 classes: mel, nv'],
    ],
    [
      'ids with folders in them',
      ['train/a/1.jpg', 'train/b/1.jpg'],
      { 'labels.csv': 'filename,label\na/1.jpg,x\nb/1.jpg,y\n' },
      ['train/a/1.jpg: x', 'train/b/1.jpg: y', 'labels.csv: id = filename, label = label', '2 classes: x, y'],
    ],
    [
      "paths from the data folder, with another machine's folders before them",
      ['photos/a/1.jpg', 'photos/b/1.jpg'],
      { 'list.csv': 'path,label\nphotos/a/1.jpg,x\n/home/me/data/photos/b/1.jpg,y\n' },
      ['photos/a/1.jpg: x', 'photos/b/1.jpg: y', 'list.csv: id = path, label = label', '2 classes: x, y'],
    ],
    [
      'images beside the table',
      ['a.jpg', 'b.png'],
      { 'metadata.jsonl': '{"file_name":"a.jpg","label":"x"}\n{"file_name":"b.png","label":"y"}\n' },
      ['a.jpg: x', 'b.png: y', 'metadata.jsonl: id = file_name, label = label', '2 classes: x, y'],
    ],
    [
      'semicolons and a byte order mark',
      ['train/a.jpg', 'train/b.jpg'],
      { 'labels.csv': '\ufeffid;breed\r\na;x\r\nb;y\r\n' },
      ['train/a.jpg: x', 'train/b.jpg: y', 'labels.csv: id = id, label = breed (semicolons)', '2 classes: x, y'],
    ],
    [
      '0.jpg for 0.JPG, and a path of Windows',
      ['train/0.JPG', 'train/a/1.jpg'],
      { 'labels.csv': 'id,label\n0.jpg,x\na\\1.jpg,y\n' },
      ['train/0.JPG: x', 'train/a/1.jpg: y', 'labels.csv: id = id, label = label', '2 classes: x, y'],
    ],
    [
      'a table for each part of a split',
      ['train/1.jpg', 'train/2.jpg', 'val/1.jpg'],
      { 'train/metadata.csv': 'file_name,label\n1.jpg,x\n2.jpg,y\n', 'val/metadata.csv': 'file_name,label\n1.jpg,y\n' },
      [
        'train/1.jpg: x (train)',
        'train/2.jpg: y (train)',
        'val/1.jpg: y (val)',
        'train/metadata.csv: id = file_name, label = label; split = train',
        'val/metadata.csv: id = file_name, label = label; split = val',
        '2 classes: x, y',
      ],
    ],
    [
      'one table over the folders of a split',
      ['train/A/1.jpg', 'valid/A/1.jpg', 'train/B/2.jpg'],
      { 'birds.csv': 'class id,filepaths,labels\n0,train/A/1.jpg,A\n1,train/B/2.jpg,B\n0,valid/A/1.jpg,A\n' },
      [
        'train/A/1.jpg: A (train)',
        'train/B/2.jpg: B (train)',
        'valid/A/1.jpg: A (val)',
        'birds.csv: id = filepaths, label = labels',
        '2 classes: A, B',
        'split = the folders: train/ 2, valid/ 1',
      ],
    ],
  ];
  for (const [claim, images, tables, wanted] of cases) {
    test(`reads ${claim}`, async () => assert.deepEqual(await labelled(images, tables), wanted));
  }

  test('removes the extension of a file name for ids, also where the table has another one', async () => {
    assert.deepEqual((await labelled(['a.png', 'b.png'], { 'x.csv': 'id,label\na.jpg,x\nb,y\n' })).slice(0, 2), [
      'a.png: x',
      'b.png: y',
    ]);
  });

  test('reads the columns and tables of --labels, --images, --id-column and --label-column', async () => {
    const root = folderOf(['one/1.jpg', 'two/1.jpg', 'two/2.jpg'], {
      'my table.tsv': 'nr\tkind\tother\n1\ta\tb\n2\tc\td\n',
    });
    const labels = join(root, 'my table.tsv');
    const { images } = await listImages(root, {
      labels,
      images: [join(root, 'two')],
      idColumn: 'nr',
      labelColumn: 'other',
    });
    assert.deepEqual(
      images.map(({ relativePath, label }) => `${relativePath}: ${label}`),
      ['two/1.jpg: b', 'two/2.jpg: d'],
    );
    await assert.rejects(
      listImages(root, { labels, labelColumn: 'nothing' }),
      tells('--label-column', 'nr, kind, other'),
    );
    await assert.rejects(
      listImages(root, { labels, images: [scratch] }),
      tells('--images', 'outside of the data folder'),
    );
  });

  test('several possible readings are an error that lists them as options', async () => {
    await assert.rejects(
      list(['a.jpg', 'b.jpg'], { 'x.csv': 'id,breed,species\na,1,2\nb,1,3\n' }),
      tells('--id-column id --label-column breed', '--id-column id --label-column species', 'more than one way'),
    );
    await assert.rejects(
      list(['a.jpg', 'b.jpg'], { 'x.csv': 'id,label\na,1\nb,2\n', 'y.csv': 'id,label\na,3\nb,4\n' }),
      tells('several tables', '--labels x.csv --id-column id', '--labels y.csv --id-column id'),
    );
  });

  test('reports a table that exists and is not used, and why', async () => {
    const images = ['a/1.jpg', 'b/2.jpg'];
    const told = await list(images, {
      'notes.csv': 'day,rain\n11,0.5\n12,7.5\n',
      'sample_submission.csv': 'id,a,b\n9,1,0\n',
    });
    assert.equal(told.layout, 'folders');
    assert.match(leftOut(told), /notes\.csv: none of its rows names an image/);
    assert.match(leftOut(told), /sample_submission\.csv: a sample submission by its name/);
    const sizes = await list(images, { 'sizes.csv': 'file_name,width\n1.jpg,640\n2.jpg,480\n' });
    assert.match(
      leftOut(sizes),
      /sizes\.csv: the folders say the classes, and none of its columns is called label or class/,
    );
  });

  test('images of a test folder and images that the table lacks are left out and counted', async () => {
    const told = await list(['train/a.jpg', 'train/b.jpg', 'train/c.jpg', 'test/d.jpg'], {
      'labels.csv': 'id,label\na,x\nb,y\n',
    });
    assert.equal(
      leftOut(told),
      '1 image in test/, without labels: predict reads them, 1 image in train/ that labels.csv does not name',
    );
  });

  test('of two images of one name the one in the folder of the table is used', async () => {
    const told = await labelled(['train/1.jpg', 'test/1.jpg', 'train/2.jpg'], { 'train.csv': 'id,label\n1,x\n2,y\n' });
    assert.deepEqual(told.slice(0, 2), ['train/1.jpg: x', 'train/2.jpg: y']);
  });
});

describe('an image that a table has', () => {
  test('twice with the same label is one input with a notice', async () => {
    const { images, reading } = await list(['a.jpg', 'b.jpg'], { 'x.csv': 'id,label\na,1\nb,2\na.jpg,1\n' });
    assert.equal(images.length, 2);
    assert.equal(reading[1], '1 line repeats an image with the same label: one input each');
  });

  test('with different labels is an error that lists up to ten, and --conflicts drop leaves them out', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `i${i}`);
    const lines =
      [...names, 'fine'].map((name) => `${name},x\n`).join('') + names.map((name) => `${name},y\n`).join('');
    const args = [[...names, 'fine'].map((name) => `${name}.jpg`), { 'x.csv': `id,label\n${lines}` }] as const;
    await assert.rejects(list(...args), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /12 images different labels[\s\S]*i0: x and y \(line 15\)[\s\S]*…[\s\S]*--conflicts drop/,
      );
      assert.equal(error.message.match(/x and y/g)?.length, 10);
      return true;
    });
    const dropped = await list(...args, { conflicts: 'drop' });
    assert.deepEqual(
      dropped.images.map(({ id }) => id),
      ['fine'],
    );
    assert.equal(leftOut(dropped), '12 images with different labels');
  });

  const multi: readonly (readonly [claim: string, table: string, count: string])[] = [
    ['words that are labels alone', 'id,label\na,scab\nb,rust\nc,scab rust\n', '1 of 3'],
    ['a plural header', 'id,labels\na,a\nb,a b\nc,a\n', '1 of 3'],
    ['commas between', 'id,label\na,x\nb,"x,y"\nc,"y,x"\n', '2 of 3'],
    ['several ones in a row', 'id,x,y,z\na,1,0,0\nb,1,1,0\nc,0,1,1\n', '2 of 3'],
  ];
  for (const [claim, table, count] of multi) {
    test(`with several labels, by ${claim}, is rejected as multi-label, with counts`, async () => {
      await assert.rejects(list(['a.jpg', 'b.jpg', 'c.jpg'], { 'x.csv': table }), tells('multi-label', count));
    });
  }

  test('with a label of several words has one label', async () => {
    const { images } = await list(['a.jpg', 'b.jpg'], { 'x.csv': 'id,label\na,great dane\nb,dane\n' });
    assert.equal(images[0]?.label, 'great dane');
  });

  test('with many different fractions as labels has measurements', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `i${i}`);
    const table = `id,label\n${names.map((name, i) => `${name},${i + 0.37}\n`).join('')}`;
    await assert.rejects(
      list(
        names.map((name) => `${name}.jpg`),
        { 'x.csv': table },
      ),
      tells('these look like measurements: regression is not supported', '24 different numbers'),
    );
  });

  test('with a few fractions as labels has no class either', async () => {
    await assert.rejects(
      list(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'], { 'x.csv': 'id,label\na,0.25\nb,1.75\nc,2.5\nd,3.25\n' }),
      tells('these look like measurements: regression is not supported', '4 different numbers'),
    );
  });

  test('with numbers as labels keeps their spelling', async () => {
    const { images } = await list(['a.jpg', 'b.jpg'], { 'x.csv': 'id,label\na,001\nb,1\n' });
    assert.deepEqual(
      images.map(({ label }) => label),
      ['001', '1'],
    );
  });
});

test('in another folder is found with options, which the error names with the table', async () => {
  const root = folderOf([], { 'm.csv': 'image_id,label\na,x\nb,y\n' });
  const found = await listImages(root, { labels: join(root, 'm.csv') });
  assert.throws(
    () => checkMissing(found, { allowMissing: true }),
    tells('m.csv names 2 images of which 0 are there', '--images FOLDER', '--id-column NAME'),
  );
});
