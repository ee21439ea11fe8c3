import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type AskedColumns,
  chooseColumns,
  describeReading,
  readingOptions,
} from '../../src/formats/table/choose-columns.ts';
import { openTable } from '../../src/formats/table/open-table.ts';
import { bytesSource, fileSource } from '../../src/formats/table/table.ts';
import { UserError } from '../../src/system/errors.ts';
import { projectRoot } from '../reference.ts';

async function read(bytes: string | Buffer): Promise<{ columns: readonly string[]; rows: string[][]; notes: string }> {
  const table = await openTable(bytesSource(Buffer.from(bytes as string), 'x.csv'));
  const rows: string[][] = [];
  for await (const { cells } of table.rows([...table.columns.keys()])) rows.push([...cells]);
  return { columns: table.columns, rows, notes: table.notes.join(', ') };
}

describe('text tables', () => {
  const wanted = {
    columns: ['id', 'label'],
    rows: [
      ['käse', 'a, b'],
      ['2', 'say "hi"'],
    ],
  };
  const forms: readonly (readonly [claim: string, bytes: string | Buffer, notes: string])[] = [
    ['commas, quotes and blank lines', 'id,label\n\nkäse,"a, b"\n2,"say ""hi"""\n', ''],
    ['a byte order mark and CRLF', '\ufeffid,label\r\nkäse,"a, b"\r\n2,"say ""hi"""\r\n', ''],
    ['semicolons', 'id;label\nkäse;a, b\n2;"say ""hi"""', 'semicolons'],
    ['tabs', 'id\tlabel\nkäse\ta, b\n2\t"say ""hi"""\n', 'tabs'],
    ['UTF-16 with its mark', Buffer.from('\ufeffid,label\nkäse,"a, b"\n2,"say ""hi"""\n', 'utf16le'), 'UTF-16'],
    ['UTF-16 without one', Buffer.from('id,label\nkäse,"a, b"\n2,"say ""hi"""\n', 'utf16le'), 'UTF-16'],
    ['UTF-16, big-endian', Buffer.from('\ufeffid,label\nkäse,"a, b"\n2,"say ""hi"""\n', 'utf16le').swap16(), 'UTF-16'],
    ['Latin-1', Buffer.from('id,label\nkäse,"a, b"\n2,"say ""hi"""\n', 'latin1'), 'Latin-1 text'],
    ['JSON Lines', '{"id":"käse","label":"a, b"}\n{"label":"say \\"hi\\"","id":2}\n', ''],
  ];
  for (const [claim, bytes, notes] of forms) {
    test(`reads ${claim}`, async () => {
      assert.deepEqual(await read(bytes), { ...wanted, notes });
    });
  }

  test('reports the line of a broken record', async () => {
    await assert.rejects(
      read('id,label\na,b\nc\n'),
      (error) => error instanceof UserError && /line 3/.test(error.message),
    );
    await assert.rejects(
      read('{"id":1}\n{"id":'),
      (error) => error instanceof UserError && /line 2/.test(error.message),
    );
  });
});

describe('Parquet tables', () => {
  const fixture = (file: string): string => join(projectRoot, 'test', 'fixtures', 'tables', file);
  const readAll = async (file: string): Promise<{ columns: readonly string[]; rows: (readonly string[])[] }> => {
    const table = await openTable(fileSource(fixture(file)));
    const rows: (readonly string[])[] = [];
    for await (const { cells } of table.rows([...table.columns.keys()])) rows.push(cells);
    return { columns: table.columns, rows };
  };

  for (const compression of ['none', 'snappy', 'gzip', 'zstd']) {
    test(`reads the compression ${compression}, with integers beyond 2^53 and empty cells`, async () => {
      assert.deepEqual(await readAll(`${compression}.parquet`), {
        columns: ['file_name', 'label', 'width'],
        rows: [
          ['0.jpg', 'cat', '1'],
          ['1.jpg', 'dog', '2'],
          ['b/2.jpg', 'cat', '3'],
          ['ü.jpg', '', '1152921504606846976'],
        ],
      });
    });
  }

  test('reads columns in any order, those of pandas, and lists as one', async () => {
    const pandas = await readAll('pandas.parquet');
    assert.deepEqual(pandas.rows[1]?.slice(0, 3), ['1.jpg', '1', '1.5']);
    const nested = await openTable(fileSource(fixture('nested.parquet')));
    const rows: (readonly string[])[] = [];
    for await (const { cells } of nested.rows([2, 1])) rows.push(cells);
    assert.deepEqual(rows[1], ['dog', '1.jpg']);
  });
});

describe('columns', () => {
  /** Reads a header and rows of text; cells that end in .jpg or start with f are names of images. */
  function choose(text: string, asked: AskedColumns = {}): string {
    const [columns = [], ...rows] = text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const choice = chooseColumns({ columns, rows }, asked, (cell) => /\.jpg$|^f/.test(cell));
    if ('reading' in choice) return describeReading(columns, choice.reading);
    if ('why' in choice) return choice.why;
    return choice.several.map((reading) => readingOptions(columns, reading).join(' ')).join(' | ');
  }

  const readings: readonly (readonly [table: string, reading: string])[] = [
    ['id,breed\nf1,a\nf2,b', 'id = id, label = breed'],
    ['breed,id\na,f1\nb,f2', 'id = id, label = breed'],
    ['id,fold,breed\nf1,0,a\nf2,1,b', 'id = id, label = breed'],
    ['filename,width,height,class\n1.jpg,640,480,a\n2.jpg,640,480,b', 'id = filename, label = class'],
    [',id,label\n0,f1,a\n1,f2,b', 'id = id, label = label'],
    ['Unnamed: 0,id,label\n0,f1,a\n1,f2,b', 'id = id, label = label'],
    ['image_id,healthy,rust\nf1,0,1\nf2,1,0', 'id = image_id, label = one of healthy, rust'],
    ['image,MEL,NV\nf1,0.0,1.0\nf2,1.0,0.0', 'id = image, label = one of MEL, NV'],
    ['lesion_id,image_id,dx,dx_type,age\nH1,f1,nv,histo,80\nH1,f2,mel,histo,75', 'id = image_id, label = dx'],
    [
      'class id,filepaths,labels,data set\n0,a/f1.jpg,crow,train\n1,b/f2.jpg,jay,test',
      'id = filepaths, label = labels',
    ],
    ['was,bild\na,1.jpg\nb,2.jpg', 'id = bild, label = was'],
    ['label,label_name,file\n0,cat,1.jpg\n1,dog,2.jpg', 'id = file, label = label_name'],
  ];
  for (const [table, reading] of readings) {
    test(`reads ${table.split('\n')[0]} as ${reading}`, () => assert.equal(choose(table), reading));
  }

  test('lists the possible readings as options where there are several', () => {
    assert.equal(
      choose('id,breed,species\nf1,a,x\nf2,b,x'),
      '--id-column id --label-column breed | --id-column id --label-column species',
    );
    assert.equal(choose('id,breed,species\nf1,a,x\nf2,b,x', { labelColumn: 'species' }), 'id = id, label = species');
  });

  test('says why there is none, and rejects a missing column', () => {
    assert.match(choose('x,y,z\n1,2,3'), /no column names an image \(x, y, z\)/);
    assert.match(choose('id\nf1'), /no column of labels/);
    assert.throws(() => choose('id,breed\nf1,a', { labelColumn: 'race' }), /--label-column[\s\S]*id, breed/);
  });

  test('uses the columns that the user names, also one-hot ones', () => {
    const table = 'id,a,b,c\nf1,0,1,5\nf2,1,0,6';
    assert.equal(choose(table, { labelColumn: 'a,b' }), 'id = id, label = one of a, b');
    assert.equal(choose(table, { idColumn: 'c', labelColumn: 'A' }), 'id = c, label = a');
  });
});
