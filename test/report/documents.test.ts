import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { headDifferences } from '../../src/report/analysis/differences.ts';
import { learningCurve } from '../../src/report/analysis/learning.ts';
import { groupReports } from '../../src/report/comparison.ts';
import { describeData } from '../../src/report/describe.ts';
import { modelCard } from '../../src/report/model-card.ts';
import { comparisonCsv, comparisonMarkdown } from '../../src/report/pipelines.ts';
import { correctedResampledTest } from '../../src/report/statistics/significance.ts';
import { summarize } from '../../src/report/summary.ts';
import { ownCommand } from '../../src/system/own-command.ts';
import { drawReport } from './drawn-report.ts';

const comparison = {
  groups: groupReports([
    drawReport({ model: 'svm', repeats: 3, skill: 0.9 }).report,
    drawReport({ model: 'linear', repeats: 3, skill: 0.5 }).report,
    drawReport({ model: 'linear', seed: 4, randomWeights: true }).report,
  ]),
  unreadable: [],
};
const verdicts = comparison.groups.map((group) =>
  headDifferences(group.reports.map((report) => ({ name: report.model, report, predictions: undefined }))),
);
const summary = summarize(comparison, verdicts);

describe('output for pipelines', () => {
  test('the CSV has one line per report and the number of its group', () => {
    const rows = parse(comparisonCsv(summary), { columns: true }) as Record<string, string>[];
    assert.deepEqual(
      rows.map((row) => [row['group'], row['name'], row['randomWeights']]),
      [
        ['1', 'svm', 'false'],
        ['1', 'linear', 'false'],
        ['2', 'linear', 'true'],
      ],
    );
    assert.equal(Number(rows[0]?.['accuracy']), comparison.groups[0]?.reports[0]?.accuracy);
    assert.deepEqual(JSON.parse(rows[0]?.['params'] ?? ''), { C: 1 });
    assert.equal(rows[2]?.['accuracyDeviation'], '');
  });

  test('the Markdown has a table per group with the reason for it, and the verdicts', () => {
    const text = comparisonMarkdown(summary);
    assert.equal(text.match(/^\| head \|/gm)?.length, 2);
    assert.match(text, /Not comparable with the first table: .*seed 4, not 0/);
    assert.match(text, /^- svm (is better than|and) linear/m);
    assert.match(text, /linear \(random weights\)/);
  });

  test('the JSON says whether all reports are comparable, and has every verdict', () => {
    assert.equal(summary.comparable, false);
    assert.equal(summary.groups[0]?.verdicts.length, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
  });
});

describe('the model card', () => {
  const { report, predictions } = drawReport({ model: 'svm' });

  test('has data, backbone, metrics, mistakes, limits and the command', () => {
    const card = modelCard({ name: 'svm', report, predictions });
    for (const heading of ['Data', 'Backbone', 'Head', 'Figures', 'What it gets wrong', 'Limits', 'Reproducing it']) {
      assert.match(card, new RegExp(`^## ${heading}$`, 'm'));
    }
    assert.match(card, /may have been in the training set of the backbone/);
    assert.ok(card.includes(ownCommand('classify', ['--model', 'svm'])));
    assert.match(card, /torchvision is under the BSD 3-Clause licence/);
  });

  test('counts the images used where the other set has more', () => {
    const used = report.trainSize + report.testSize;
    assert.match(describeData(report), new RegExp(`^${used} images of`));
    const left = { ...report, featureSet: { ...report.featureSet, rowCount: used + 43 } };
    assert.match(
      describeData(left),
      new RegExp(`^${used} images \\(of ${used + 43} with features\\) of \\d+ classes, split`),
    );
    assert.match(
      modelCard({ name: 'svm', report: left, predictions }),
      new RegExp(`^\\| images used \\| ${used} \\|`, 'm'),
    );
  });

  test('ranks no pairs of classes that were confused once each', () => {
    const once = {
      ...report,
      classes: ['a', 'b'],
      confusion: [
        [3, 1],
        [1, 3],
      ],
    };
    assert.match(modelCard({ name: 'svm', report: once, predictions: undefined }), /No pair stands out: 2 pairs/);
  });

  test('does not describe random weights as trained, and marks unknown weights', () => {
    const random = drawReport({ randomWeights: true }).report;
    const card = modelCard({ name: 'linear', report: random, predictions: undefined });
    assert.match(card, /random weights: these figures say nothing/);
    assert.doesNotMatch(card, /may have been in the training set/);
    const own = { ...report, featureSet: { ...report.featureSet, weights: 'mine.pth' } };
    assert.match(modelCard({ name: 'svm', report: own, predictions }), /not known to featuretap: read the terms/);
  });

  test('escapes class names in its tables', () => {
    const classes = report.classes.map((name, i) => (i === 0 ? 'a|b\n<script>' : name));
    const confusion = report.confusion.map((row, t) => row.map((count, p) => (t === 0 && p === 1 ? 9 : count)));
    const card = modelCard({ name: 'svm', report: { ...report, classes, confusion }, predictions });
    assert.match(card, /^\| a\\\|b &lt;script> \|/m);
  });
});

describe('the learning curve', () => {
  const curveOf = (accuracies: readonly number[], repeats: number, testSize = 200) =>
    learningCurve({
      trainSize: 400,
      testSize,
      learningCurve: accuracies.flatMap((accuracy, i) =>
        Array.from({ length: repeats }, (_, repeat) => ({
          repeat,
          trainSize: 100 * 2 ** i,
          accuracy: accuracy + 0.01 * (repeat % 2),
          logLoss: 1,
        })),
      ),
    });

  test('says that more photos help while it rises, and by how much per doubling', () => {
    const curve = curveOf([0.5, 0.6, 0.66], 2);
    assert.ok(Math.abs((curve?.lastDoubling ?? 0) - 6) < 1e-9);
    assert.match(curve?.words ?? '', /More photos would help: from 200 to 400 .* rose by 6\.0 points per doubling/);
    assert.ok(Math.abs((curve?.points[0]?.deviation ?? 0) - 0.01 / Math.SQRT2) < 1e-12);
  });

  test('says that they help little once it is flat', () => {
    assert.match(curveOf([0.5, 0.7, 0.702], 2)?.words ?? '', /would help little/);
  });

  test('draws no conclusion that one small test set does not support', () => {
    assert.equal(curveOf([0.5, 0.6, 0.63], 1)?.answer, 'not clear');
    assert.equal(curveOf([0.5, 0.6, 0.63], 1, 20_000)?.answer, 'yes');
    assert.equal(curveOf([0.5, 0.6, 0.602], 1, 200_000)?.answer, 'little');
    for (const [accuracy, repeats] of [
      [1, 1],
      [0.9, 3],
    ] as const) {
      const curve = curveOf([accuracy, accuracy, accuracy], repeats, 12);
      assert.equal(curve?.answer, 'not clear');
      assert.match(curve.words, /is not clear .*: from 200 to 400 .* did not change on the 12 test images, so /);
    }
  });

  test('takes its interval over repeats from the corrected resampled t-test, like differences between heads', () => {
    const gains = [0.02, 0.05, 0.03];
    const curve = learningCurve({
      trainSize: 200,
      testSize: 50,
      learningCurve: gains.flatMap((gain, repeat) => [
        { repeat, trainSize: 100, accuracy: 0.6, logLoss: 1 },
        { repeat, trainSize: 200, accuracy: 0.6 + gain, logLoss: 1 },
      ]),
    });
    const { interval } = correctedResampledTest(gains, 200, 50);
    assert.ok(Math.abs((curve?.interval.low ?? 0) - 100 * interval.low) < 1e-9);
    assert.ok(Math.abs((curve?.interval.high ?? 0) - 100 * interval.high) < 1e-9);
  });

  test('says nothing from one size', () => {
    assert.equal(curveOf([0.5], 2), undefined);
  });
});
