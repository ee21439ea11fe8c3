import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type LabelsFile, type LabelsFileOptions, readLabels } from '../../../src/classify/data/labels-file.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

describe('readLabels', () => {
  const root = temporaryFolder();

  async function read(text: string, options: LabelsFileOptions = {}): Promise<LabelsFile> {
    const file = join(root, 'labels.csv');
    await writeFile(file, text);
    return readLabels(file, options);
  }

  it('returns labels in the order of the file, and the other columns by id', async () => {
    const found = await read('id,label,owner,age\nb,dog,x,3\na,cat,y,\nb,dog,z,5\n', { labelColumn: 'label' });
    assert.equal(found.reading, 'labels.csv: id = id, label = label');
    assert.deepEqual(
      [...found.labels],
      [
        ['b', 'dog'],
        ['a', 'cat'],
      ],
    );
    assert.deepEqual(found.extraColumns, ['owner', 'age']);
    assert.deepEqual(
      [...found.column('owner')],
      [
        ['b', 'z'],
        ['a', 'y'],
      ],
    );
    assert.deepEqual(
      [...found.column('age')],
      [
        ['b', '5'],
        ['a', ''],
      ],
    );
    for (const name of ['breed', 'label', 'id']) {
      assert.throws(() => found.column(name), new RegExp(`no column ${name}[\\s\\S]*owner, age`));
    }
    const bare = await read('id,label\na,cat\n');
    assert.throws(() => bare.column('owner'), /no column owner[\s\S]*no column after the label/);
  });

  it('describes how it read a file in an unusual form', async () => {
    assert.equal((await read('id;label\na;cat\n')).reading, 'labels.csv: id = id, label = label (semicolons)');
  });

  it('an empty id, an empty label and a second label are rejected with their line number', async () => {
    await assert.rejects(read('id,label\na,cat\n,dog\n'), /line 3[\s\S]*id "", label "dog"[\s\S]*an id and one label/);
    await assert.rejects(read('id,label\na,cat\nb,\n'), /line 3[\s\S]*id "b", label ""/);
    await assert.rejects(
      read('id,label\na,cat\nb,x\na,dog\n'),
      /line 4[\s\S]*a is cat and dog[\s\S]*one label for each/,
    );
  });

  it('rejects a file with only a header', async () => {
    await assert.rejects(read('id,label\n'), /labels\.csv, the whole file[\s\S]*no line after the header/);
  });

  it('ignores an extension only where the id without it is known', async () => {
    const isId = (cell: string): boolean => ['a', 'b.c', 'd.jpg'].includes(cell);
    const found = await read('id,label\na.jpeg,x\nb.c,y\nd.jpg,z\ne.png,x\na.b.toolong,y\n', { isId });
    assert.deepEqual([...found.labels.keys()], ['a', 'b.c', 'd.jpg', 'e.png', 'a.b.toolong']);
  });

  it('never reads a column of weights or groups as the label', async () => {
    const text = 'id,label,breed\na,x,pug\nb,y,pug\n';
    const found = await read(text, { others: ['label', undefined] });
    assert.deepEqual([...found.labels.values()], ['pug', 'pug']);
    assert.deepEqual([...found.column('label').values()], ['x', 'y']);
  });

  it('lists the options to choose from where a file can be read in several ways', async () => {
    await assert.rejects(
      read('id,breed,species\na,x,u\nb,y,u\n'),
      /more than one way[\s\S]*2 ways[\s\S]*one of\n {12}--id-column id --label-column breed\n {12}--id-column id --label-column species/,
    );
  });
});
