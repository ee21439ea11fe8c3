import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { csvBlocks, csvField, csvLine, parseCsv } from '../../src/features/index/csv.ts';
import { formatIndex, IndexTable } from '../../src/features/index/index-table.ts';
import { formatLabels, type LabelLine, parseLabelLines, splitsOf } from '../../src/features/index/labels.ts';
import { NumberedTable } from '../../src/features/index/numbered-table.ts';
import { countOutcomes, formatOutcomes, type Outcome, parseOutcomes } from '../../src/features/index/outcomes.ts';
import { bytesEqual, hashBytes, scanFaults, scanLines } from '../../src/features/index/table.kernel.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (blocks: Iterable<Uint8Array>): string => Buffer.concat([...blocks]).toString();

describe('CSV', () => {
  it('quotes fields with a comma, a quote or a line break, and no others', () => {
    assert.deepEqual(['a', 'a,b', 'a"b', 'a\nb', 'a\rb', '', ' a '].map(csvField), [
      'a',
      '"a,b"',
      '"a""b"',
      '"a\nb"',
      '"a\rb"',
      '',
      ' a ',
    ]);
    assert.equal(csvLine(['a', 'b,c']), 'a,"b,c"\n');
  });

  it('returns many lines in blocks of about a megabyte, and all of them', () => {
    const line = `${'x'.repeat(1023)}\n`;
    const lines = Array.from({ length: 2500 }, () => line);
    const blocks = [...csvBlocks(lines)];
    assert.deepEqual(
      blocks.map(({ length }) => length),
      [1 << 20, 1 << 20, (2500 - 2048) * 1024],
    );
    assert.deepEqual([...csvBlocks([])], []);
  });

  it('reads what it wrote, quoted or not', () => {
    for (const cells of [
      ['a', 'b'],
      ['a', 'b\nc'],
      ['"', ','],
      ['', ''],
    ]) {
      const text = csvLine(['h', 'i']) + csvLine(cells);
      assert.deepEqual(parseCsv(encode(text), ['h', 'i'], 'x.csv'), [cells]);
    }
    assert.deepEqual(parseCsv(encode('h,i\r\na,b\r\n'), ['h', 'i'], 'x.csv'), [['a', 'b']]);
    assert.deepEqual(parseCsv(encode('h,i\na,b'), ['h', 'i'], 'x.csv'), [['a', 'b']]);
  });

  it("rejects another header, a line with more or fewer fields, and an open quote, with the file's name", () => {
    const refused = (text: string, message: RegExp): void => {
      assert.throws(() => parseCsv(encode(text), ['h', 'i'], 'x.csv'), message);
    };
    refused('h,j\na,b\n', /another header[\s\S]*x\.csv[\s\S]*h,j/);
    refused('', /another header[\s\S]*an empty file/);
    refused('h,i\na,b,c\n', /x\.csv[\s\S]*Invalid Record Length/);
    refused('h,i\na\n', /Invalid Record Length/);
    refused('h,i\n"a,b\n', /x\.csv[\s\S]*Quote/);
  });
});

describe('the scan of a numbered table', () => {
  function scan(text: string, fieldCount: number, lineCount: number): unknown {
    const [starts, numbers] = [new Uint32Array(lineCount), new Uint32Array(lineCount)];
    const [lines, fault] = scanLines(encode(text), 0, fieldCount, starts, numbers);
    return { lines, fault, starts: [...starts.subarray(0, lines)], numbers: [...numbers.subarray(0, lines)] };
  }

  it('finds lines and numbers, also with quotes, up to the largest number', () => {
    assert.deepEqual(scan('7,a\n4294967295,"b,\nc"\n0,""\n', 2, 3), {
      lines: 3,
      fault: scanFaults.none,
      starts: [0, 4, 22],
      numbers: [7, 4294967295, 0],
    });
  });

  it('reports the first invalid line after the valid ones', () => {
    for (const [text, fault] of [
      ['1,a\n,b\n', scanFaults.badNumber],
      ['1,a\nx,b\n', scanFaults.badNumber],
      ['1,a\n2;b\n', scanFaults.badNumber],
      ['1,a\n4294967296,b\n', scanFaults.badNumber],
      ['1,a\n00000000001,b\n', scanFaults.badNumber],
      ['1,a\n2', scanFaults.badNumber],
      ['1,a\n2,b,c\n', scanFaults.wrongFieldCount],
      ['1,a\n2,b', scanFaults.wrongFieldCount],
      ['1,a\n2,"b\n', scanFaults.openQuote],
    ] as const) {
      assert.deepEqual(scan(text, 2, 2), { lines: 1, fault, starts: [0], numbers: [1] }, JSON.stringify(text));
    }
    assert.deepEqual(scan('1,a\n2,b\n', 2, 1), { lines: 1, fault: scanFaults.tooManyLines, starts: [0], numbers: [1] });
  });

  it('hashes bytes by FNV-1a', () => {
    // The reference values of http://www.isthe.com/chongo/tech/comp/fnv/
    const hash = (text: string): number => hashBytes(encode(text), 0, text.length);
    assert.deepEqual([hash(''), hash('a'), hash('foobar')], [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
    assert.equal(hashBytes(encode('xfoobarx'), 1, 7), 0xbf9cf968);
  });

  it('compares bytes from an offset on, up to the last one', () => {
    const bytes = encode('abcd');
    assert.deepEqual(
      ['bc', 'bd', 'xc', 'cdx', ''].map((key) => bytesEqual(bytes, key === 'cdx' ? 2 : 1, encode(key))),
      [true, false, false, false, true],
    );
  });
});

describe('NumberedTable', () => {
  const name = { path: 'x.csv', what: 'the table is damaged', fix: 'mend it' };
  const open = (text: string, lineCount: number): NumberedTable =>
    new NumberedTable(encode(text), 'row,id', lineCount, name);

  it('returns the fields of each line unchanged, by its number', () => {
    const table = open('row,id\n5,a\n6,"b ""c"", d"\n7,"é\n"\n', 3);
    assert.deepEqual([...table.numbers], [5, 6, 7]);
    assert.deepEqual(
      [0, 1, 2].map((line) => table.fields(line)),
      [
        ['5', 'a'],
        ['6', 'b "c", d'],
        ['7', 'é\n'],
      ],
    );
    assert.throws(() => table.fields(3), /a table of 3 lines has no line 3/);
    assert.equal(open('row,id\n', 0).lineCount, 0);
  });

  it('names the line that is damaged, and says what is wrong there', () => {
    const refused = (text: string, lineCount: number, message: RegExp): void => {
      assert.throws(() => open(text, lineCount), message, JSON.stringify(text));
    };
    refused('row;id\n5,a\n', 1, /the table is damaged[\s\S]*x\.csv, line 1[\s\S]*row;id[\s\S]*row,id[\s\S]*mend it/);
    refused('row,id', 0, /line 1/);
    refused('row,id,x\n', 0, /line 1/);
    refused('row,id\n5,a\n', 20, /line 1[\s\S]*11 bytes[\s\S]*20 lines as its record says/);
    refused('row,id\n5,a\nx,bbbb\n', 2, /line 3[\s\S]*does not start with a number[\s\S]*2 lines of row,id/);
    refused('row,id\n5,a\n6,"bbbb\n', 2, /line 3[\s\S]*a quote that is never closed/);
    refused('row,id\n5,a\n6,b\n', 1, /line 3[\s\S]*more lines/);
    refused('row,id\n5,aaaaaaa\n', 2, /line 3[\s\S]*1 lines/);
    refused('row,id\n5,a\n6,b,c,d\n', 2, /line 3[\s\S]*another number of fields, or cut short/);
    refused('row,id\n5,a\n6,bbbb', 2, /line 3[\s\S]*cut short/);
  });
});

describe('the index', () => {
  const images = ['b', 'with, comma', 'a', 'a"quote', 'prefix', 'pre'].map((id, i) => ({
    row: 2 * i,
    id,
    path: `train/${id}.jpg`,
    sha256: String(i).repeat(64),
  }));

  for (const rowsPerImage of [1, 2]) {
    it(`returns each image by position and by id, with ${rowsPerImage} rows each`, () => {
      const bytes = encode(decode(formatIndex(images, rowsPerImage)));
      const index = new IndexTable(bytes, images.length, rowsPerImage, 'index.csv');
      assert.deepEqual([...index.rows], [0, 2, 4, 6, 8, 10]);
      images.forEach((image, i) => {
        assert.deepEqual(index.at(i), image);
        assert.equal(index.find(image.id), i);
      });
      for (const stranger of ['', 'pref', 'prefixes', 'comma', 'with', 'train/b.jpg']) {
        assert.equal(index.find(stranger), undefined, stranger);
      }
      assert.throws(() => index.at(6), /the index has 6 images, not an image 6/);
    });
  }

  it('has a column of views where there are some, and one line per row', () => {
    const [image] = images;
    assert.equal(decode(formatIndex(image === undefined ? [] : [image], 1)).split('\n')[0], 'row,id,path,sha256');
    const sha256 = '0'.repeat(64);
    assert.equal(
      decode(formatIndex(images.slice(0, 1), 3)),
      `row,id,path,sha256,view\n0,b,train/b.jpg,${sha256},0\n1,b,train/b.jpg,${sha256},1\n2,b,train/b.jpg,${sha256},2\n`,
    );
  });

  it('finds every one of many ids, also where hashes collide', () => {
    const many = Array.from({ length: 3000 }, (_, row) => ({ row, id: `id ${row * 7}`, path: '', sha256: '' }));
    const index = new IndexTable(encode(decode(formatIndex(many, 1))), many.length, 1, 'index.csv');
    assert.ok(many.every(({ id, row }) => index.find(id) === row));
    assert.equal(index.find('id 1'), undefined);
    assert.equal(new IndexTable(encode('row,id,path,sha256\n'), 0, 1, 'index.csv').find('a'), undefined);
  });

  it('reports damage with a fix', () => {
    const bytes = encode('row,id,path,sha256\nx\n');
    const open = (): IndexTable => new IndexTable(bytes, 1, 1, 'index.csv');
    assert.throws(
      open,
      /the index of a feature set is damaged[\s\S]*index\.csv, line 2[\s\S]* verify (?:-- )?--features \. --repair/,
    );
  });
});

describe('labels.csv', () => {
  const roundTrip = (lines: readonly LabelLine[]): readonly LabelLine[] =>
    parseLabelLines(encode(decode(formatLabels(lines))), 'labels.csv');

  it('has a column of splits only where a line has one, and reads the lines back', () => {
    const plain = [['a', 'cat'] as const, ['b, c', 'dog'] as const];
    assert.equal(decode(formatLabels(plain)), 'id,label\na,cat\n"b, c",dog\n');
    assert.deepEqual(roundTrip(plain), plain);
    assert.equal(splitsOf(plain), undefined);
    const split: readonly LabelLine[] = [
      ['a', 'cat'],
      ['b', 'dog', 'train'],
      ['c', 'dog', 'val'],
      ['d', 'cat', 'test'],
    ];
    assert.equal(decode(formatLabels(split)), 'id,label,split\na,cat,\nb,dog,train\nc,dog,val\nd,cat,test\n');
    assert.deepEqual(roundTrip(split), split);
    const parts = splitsOf(split);
    assert.deepEqual(parts && [...parts], [
      ['b', 'train'],
      ['c', 'val'],
      ['d', 'test'],
    ]);
  });

  it('with another part is rejected with the id', () => {
    const bytes = encode('id,label,split\na,cat,dev\n');
    assert.throws(() => parseLabelLines(bytes, 'labels.csv'), /labels\.csv is damaged[\s\S]*a in the part "dev"/);
  });
});

describe('outcomes.csv', () => {
  const outcomes: readonly Outcome[] = [
    { id: 'a', path: 'a.jpg', outcome: 'duplicate', row: 3, reason: 'same bytes as b' },
    { id: 'c', path: '', outcome: 'missing', reason: 'no file' },
    { id: 'd', path: 'd.jpg', outcome: 'unreadable', reason: 'broken' },
    { id: 'e', path: 'e.jpg', outcome: 'failed', reason: 'EIO' },
    { id: '', path: 'notes.txt', outcome: 'left-out', reason: 'no image' },
  ];

  it('reads each outcome back, its reason on one line', () => {
    const text = decode(formatOutcomes([...outcomes, { id: 'f', path: 'f', outcome: 'failed', reason: 'a\n  b' }]));
    const last = { id: 'f', path: 'f', outcome: 'failed', reason: 'a b' } as const;
    assert.deepEqual(parseOutcomes(encode(text), 'outcomes.csv'), [...outcomes, last]);
  });

  it('counts inputs, and separately the files that were left out', () => {
    const counted = { kept: 4, duplicate: 1, missing: 1, unreadable: 1, failed: 1, total: 8 };
    assert.deepEqual(countOutcomes(4, outcomes), { ...counted, leftOut: 1 });
    assert.deepEqual(countOutcomes(4, outcomes.slice(0, 4)), counted);
  });

  it('with an unknown outcome, a duplicate without its row or a row of another image is rejected with the line', () => {
    for (const line of [
      'a,a.jpg,lost,,x',
      'a,a.jpg,duplicate,,x',
      'a,a.jpg,duplicate,-1,x',
      'a,a.jpg,duplicate,3x,x',
      'a,a.jpg,missing,3,x',
    ]) {
      const bytes = encode(`id,path,outcome,row,reason\nb,b.jpg,failed,,x\n${line}\n`);
      const message = /outcomes\.csv is damaged[\s\S]*outcomes\.csv, line 3[\s\S]*a,a\.jpg/;
      assert.throws(() => parseOutcomes(bytes, 'outcomes.csv'), message, line);
    }
  });
});
