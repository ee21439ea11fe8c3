import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byId, columnsOf } from '../../../src/classify/data/label-columns.ts';
import type { LabelsFile } from '../../../src/classify/data/labels-file.ts';

const ids = ['a', 'b', 'c'];

function source(values: readonly string[]): Parameters<typeof columnsOf>[0] {
  return { path: 'labels.csv', ids, column: () => values };
}

test('weights are numbers of at least 0, groups are numbered in the sorted order of their names', () => {
  const weights = columnsOf(source(['0', '2.5', '1e3']), { sampleWeight: 'w' });
  assert.deepEqual(weights, { sampleWeights: Float64Array.of(0, 2.5, 1000) });
  assert.deepEqual(columnsOf(source(['y', 'x', 'y']), { groups: 'g' }), { groups: Int32Array.of(1, 0, 1) });
  assert.deepEqual(columnsOf(source([]), {}), {});
});

test('rejects an invalid weight and a row without a group, with id and column', () => {
  for (const weight of ['', '-1', 'x', 'Infinity', 'NaN']) {
    const message = new RegExp(`labels\\.csv, column w of b\\n {2}found: {4}"${weight}"[\\s\\S]*a number from 0`);
    assert.throws(() => columnsOf(source(['1', weight, '1']), { sampleWeight: 'w' }), message);
  }
  const message = /labels\.csv, column g of a\n {2}found: {4}""[\s\S]*the name of a group/;
  assert.throws(() => columnsOf(source(['', 'x', '']), { groups: 'g' }), message);
});

test('values of a column are joined to rows by id, and empty where the file has no line', () => {
  const file = {
    path: 'labels.csv',
    column: () =>
      new Map([
        ['c', '3'],
        ['a', '1'],
      ]),
  } as unknown as LabelsFile;
  const found = byId(file, ids);
  assert.deepEqual([found.path, found.ids, found.column('w')], ['labels.csv', ids, ['1', '', '3']]);
});
