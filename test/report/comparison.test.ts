import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Report } from '../../src/classify/result/report.ts';
import { compareReports, groupReports, reportNames } from '../../src/report/comparison.ts';
import { terminalComparison } from '../../src/report/terminal.ts';
import { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Drawing, drawReport, writeDrawnReport } from './drawn-report.ts';

const draw = (drawing: Drawing): Report => drawReport(drawing).report;

describe('grouping', () => {
  test('ranks reports on the same split and features by accuracy', () => {
    const groups = groupReports([
      draw({ model: 'forest', skill: 0.2 }),
      draw({ model: 'svm', skill: 0.9 }),
      draw({ model: 'linear', skill: 0.7 }),
    ]);
    assert.equal(groups.length, 1);
    assert.deepEqual(
      groups[0]?.reports.map((report) => report.model),
      ['svm', 'linear', 'forest'],
    );
  });

  test('separates reports on another split or other features, and says what differs', () => {
    const groups = groupReports([
      draw({ model: 'svm', repeats: 3 }),
      draw({ model: 'svm', repeats: 2, seed: 5 }),
      draw({ model: 'linear', repeats: 3 }),
      draw({ model: 'forest', repeats: 3, features: 'a'.repeat(64), randomWeights: true }),
    ]);
    assert.equal(groups.length, 3);
    assert.equal(groups[0]?.reports.length, 2);
    assert.deepEqual(groups[0]?.differences, []);
    const told = groups.slice(1).map((group) => group.differences.join('; '));
    assert.match(told.join('|'), /seed 5, not 0; repeats 2, not 3/);
    assert.match(told.join('|'), /weights "random", not "resnet50"/);
  });

  test('ranks features of several networks together only where the same images were split alike', () => {
    const other = { features: 'a'.repeat(64), set: 'cache/other' };
    const images = { imagesSha256: '1'.repeat(64) };
    const sizes = (...drawings: Drawing[]): number[] => groupReports(drawings.map(draw)).map((g) => g.reports.length);
    assert.deepEqual(sizes(images, { ...other, ...images }), [2]);
    assert.deepEqual(sizes(images, { ...other, imagesSha256: '2'.repeat(64) }), [1, 1]);
    assert.deepEqual(sizes(images, { ...other, ...images, seed: 9, repeats: 2 }), [1, 1]);
    assert.deepEqual(sizes(images, other), [1, 1], 'a report that does not know its images');
    assert.deepEqual(sizes(images, {}, { ...other, ...images }), [3], 'beside one of the same features that does');
  });

  test('names the network of each report where there are several', () => {
    const other = { features: 'a'.repeat(64), set: 'cache/other' };
    const reports = [draw({ model: 'svm', params: { C: 1 } }), draw({ model: 'svm', params: { C: 2 }, ...other })];
    assert.deepEqual(reportNames(reports), ['svm on drawn', 'svm on other']);
    const namesakes = [draw({ model: 'svm' }), draw({ model: 'svm', ...other, set: 'elsewhere/drawn' })];
    assert.deepEqual(reportNames(namesakes), ['svm on drawn ffffffff', 'svm on drawn aaaaaaaa']);
  });

  test('distinguishes two reports of one model by their parameters', () => {
    const reports = [
      draw({ model: 'svm', params: { C: 1, kernel: 'linear', gamma: 'scale' } }),
      draw({ model: 'svm', params: { C: 10, kernel: 'rbf', gamma: 'scale' } }),
      draw({ model: 'linear', params: { C: 1 } }),
    ];
    assert.deepEqual(reportNames(reports), ['svm C=1 linear', 'svm C=10 rbf', 'linear']);
    assert.deepEqual(reportNames(reports.slice(0, 1)), ['svm linear']);
  });
});

describe('the table', () => {
  test('prints every group under its own heading with the reason for it', () => {
    const groups = groupReports([draw({ model: 'svm', repeats: 3 }), draw({ model: 'linear', seed: 9, repeats: 2 })]);
    const text = terminalComparison({ groups, unreadable: [] });
    assert.match(text, /2 groups of runs that cannot be ranked against each other/);
    assert.match(text, /not comparable with the first table: seed 9, not 0/);
    assert.match(text, /svm +\d+\.\d % ± \d+\.\d/);
    assert.doesNotMatch(text, /random backbone/);
  });

  test('marks random weights on the line and explains the mark', () => {
    const groups = groupReports([draw({ model: 'svm', randomWeights: true })]);
    const text = terminalComparison({ groups, unreadable: [] });
    assert.match(text, /svm \* /);
    assert.match(text, /\* random backbone weights: these figures say nothing about pretrained features/);
  });
});

describe('reading reports', () => {
  const folder = temporaryFolder();
  before(async () => {
    await writeDrawnReport(folder, 'dogs/svm', { model: 'svm' });
    await writeDrawnReport(folder, 'dogs/linear', { model: 'linear', skill: 0.6 });
  });

  test('finds the reports in a folder, and counts one that is named twice once', async () => {
    const { groups } = await compareReports([folder, join(folder, 'dogs/svm/report.json')]);
    assert.equal(groups[0]?.reports.length, 2);
  });

  test('names a moved report by its present folder', async () => {
    const moved = join(folder, 'dogs/moved');
    await writeDrawnReport(folder, 'elsewhere', { model: 'forest' });
    await rename(join(folder, 'elsewhere'), moved);
    const { groups } = await compareReports([moved]);
    assert.equal(groups[0]?.reports[0]?.report, moved);
    await rm(moved, { recursive: true });
  });

  const whole = draw({});
  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['half a file', JSON.stringify(whole).slice(0, 200), /not JSON/],
    ['a foreign document', '{"name":"left-pad","version":"1.0.0"}', /field formatVersion[\s\S]*nothing/],
    ['a list', '[]', /expected: an object/],
    ['a newer version', JSON.stringify({ ...whole, formatVersion: 2 }), /formatVersion[\s\S]*found: +2/],
    ['a missing field', JSON.stringify({ ...whole, logLoss: undefined }), /field logLoss/],
    ['an accuracy above one', JSON.stringify({ ...whole, accuracy: 75.5 }), /field accuracy[\s\S]*75\.5/],
    ['a confusion matrix that is not square', JSON.stringify({ ...whole, confusion: [[1, 2]] }), /field confusion/],
    ['no repeats', JSON.stringify({ ...whole, perRepeat: [] }), /field perRepeat/],
  ];
  for (const [name, text, message] of broken) {
    test(`${name} in a folder is skipped and named, and rejected when it is named directly`, async () => {
      const file = join(folder, 'broken', 'report.json');
      await mkdir(join(folder, 'broken'), { recursive: true });
      await writeFile(file, text);
      const { groups, unreadable } = await compareReports([folder]);
      assert.equal(groups[0]?.reports.length, 2);
      assert.equal(unreadable.length, 1);
      assert.match(unreadable[0]?.message ?? '', message);
      assert.ok(unreadable[0]?.message.includes(file));
      await assert.rejects(
        compareReports([file]),
        (error) => error instanceof UserError && message.test(error.message),
      );
      await rm(join(folder, 'broken'), { recursive: true });
    });
  }

  test('the errors for an empty and for a missing folder say how to get reports', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    for (const path of [empty, join(folder, 'nowhere')]) {
      await assert.rejects(
        compareReports([path]),
        (error) => error instanceof UserError && /classify --model all|compare reports/.test(error.message),
      );
    }
    const named = join(folder, 'named');
    await mkdir(named);
    await writeFile(join(named, 'report.json'), '{}');
    await assert.rejects(compareReports([`${named}s`]), (error) => (error as UserError).parts.instead === named);
    await assert.rejects(compareReports([`${empty}s`]), (error) => (error as UserError).parts.instead === undefined);
  });
});
