import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forSpreadsheet, fromSpreadsheet } from '../../src/formats/spreadsheet-cell.ts';

test('no escaped text begins like a formula', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', "=cmd|' /C calc'!A0"]) {
    assert.equal(forSpreadsheet(text), `'${text}`);
  }
  for (const text of ['beagle', "o'neill", '', "'tis", '1-2', 'a=b']) assert.equal(forSpreadsheet(text), text);
});

test('every text is read back unchanged', () => {
  const pieces = fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '＠', 'a', ' ');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join('')),
      ),
      (text) => {
        assert.equal(fromSpreadsheet(forSpreadsheet(text)), text);
        assert.doesNotMatch(forSpreadsheet(text), /^[=+\-@\t\r＝＋－＠]/);
      },
    ),
  );
});
