import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabelCheckFile } from '../../../src/classify/label-check/label-check-file.ts';
import type { Report } from '../../../src/classify/result/report.ts';
import { advise } from '../../../src/report/analysis/advice.ts';
import { headDifferences } from '../../../src/report/analysis/differences.ts';
import type { GroupData } from '../../../src/report/analysis/group-data.ts';
import type { Run } from '../../../src/report/analysis/run.ts';
import { groupReports } from '../../../src/report/comparison.ts';
import { ownCommand } from '../../../src/system/own-command.ts';
import { type Drawing, drawReport } from '../drawn-report.ts';

function groupOf(drawings: readonly Drawing[], change: (report: Report) => Report = (report) => report): GroupData {
  const runs: Run[] = drawings.map((drawing) => {
    const { report, predictions } = drawReport(drawing);
    return { name: report.model, report: change(report), predictions };
  });
  return {
    group: groupReports(runs.map(({ report }) => report))[0] as GroupData['group'],
    runs: runs.map((run) => ({ run, images: [], mistakes: [], suspects: [] })),
    differences: headDifferences(runs),
    images: { ids: [], labels: [], paths: [], placeOf: new Map(), folder: '', link: '' },
    features: undefined,
    alike: undefined,
    labelCheck: undefined,
    photos: new Map(),
    notes: [],
  };
}

const strong = { model: 'svm', skill: 0.95 };

test('heads as good as the best are named, separately from those that may be worse', () => {
  const group = groupOf([strong, { model: 'linear', skill: 0.9 }, { model: 'forest', skill: 0.3 }]);
  assert.match(advise(group).which.join(' '), /No significant difference from it here: linear\./);
  const [toLinear, toForest, between] = group.differences;
  const doubtful = [toLinear, { ...toForest, distinguishable: false, doubtful: true }, between] as const;
  const { which } = advise({ ...group, differences: doubtful as GroupData['differences'] });
  assert.match(which.join(' '), /Perhaps better than forest\. No significant difference from it here: linear\./);
});

test('the next step is a command made from the one of the report', () => {
  const commands = (group: GroupData): string =>
    advise(group)
      .steps.map(({ command }) => command)
      .join('\n');
  const steps = commands(groupOf([strong]));
  for (const typed of [
    ownCommand('classify', ['--model', 'svm', '--check-labels']),
    ownCommand('classify', ['--model', 'svm', '--learning-curve']),
    ownCommand('classify', ['--model', 'svm', '--repeats', '10']),
    ownCommand('predict', ['--head', 'reports/drawn/svm', 'PHOTO']),
    ownCommand('export', ['--head', 'reports/drawn/svm', '--to', 'head.onnx']),
  ]) {
    assert.ok(steps.split('\n').includes(typed), `${typed} in\n${steps}`);
  }
  const fixed = groupOf([strong], (report) => ({
    ...report,
    command: 'featuretap classify --model svm --split s.csv',
  }));
  assert.doesNotMatch(commands(fixed), /--repeats/);
  const few = groupOf([strong], (report) => ({ ...report, trainSize: 2 * report.classes.length }));
  assert.doesNotMatch(commands(few), /--learning-curve|--check-labels/);
  assert.match(advise(few).next.join(' '), /^Add photos\. \d+ training images of \d+ classes are too few/);
});

test('a head of two networks side by side is offered to predict, and to export without the networks', () => {
  const part = { folder: 'cache/a', dims: 8, weights: 'resnet50', features: 'a'.repeat(64) };
  const group = groupOf([strong], (report) => ({
    ...report,
    featureSet: { ...report.featureSet, parts: [part, { ...part, folder: 'cache/b' }] },
  }));
  const { steps } = advise(group);
  assert.ok(steps.some(({ command }) => command?.includes('--head reports/drawn/svm PHOTO')));
  assert.ok(!steps.some(({ command }) => command?.includes('--with-backbone')));
});

test('export with the network is offered where ONNX Runtime computed the training features', () => {
  const fields = {} as NonNullable<Report['featureSet']['fields']>;
  const madeBy = { engine: 'onnx' } as NonNullable<Report['featureSet']['madeBy']>;
  const exported = (more: Partial<Report['featureSet']>): boolean =>
    advise(groupOf([strong], (report) => ({ ...report, featureSet: { ...report.featureSet, ...more } }))).steps.some(
      ({ command }) => command?.includes('--with-backbone'),
    );
  assert.ok(exported({ fields, madeBy }));
  assert.ok(!exported({}), 'a matrix that featuretap did not make');
  assert.ok(!exported({ fields, madeBy: { ...madeBy, engine: 'tensorflow' } }));
  assert.ok(!exported({ fields, madeBy, randomWeights: true }));
});

test('a class with perfect recall is not among those of the lowest recall', () => {
  const one = groupOf([{ model: 'linear', skill: 0.5 }], (report) => ({
    ...report,
    perClass: report.perClass.map((figures, c) => ({
      ...figures,
      name: `c${c}`,
      support: 4,
      recall: c === 0 ? 0.5 : 1,
    })),
  }));
  assert.match(advise(one).wrong.join(' '), /Lowest recall: c0 \(2 of 4\)\./);
});

test('classes with few training images are reported to have lower recall where they do', () => {
  const sized = (recallOfSmall: number) =>
    groupOf([strong], (report) => ({
      ...report,
      perClass: report.perClass.map((figures, c) => ({
        ...figures,
        trained: c < 2 ? 3 : 20,
        recall: c < 2 ? recallOfSmall : 0.9,
        support: 10,
      })),
    }));
  assert.match(
    advise(sized(0.4)).wrong.join(' '),
    /Classes with fewer than 20 training images are found 40\.0 % of the time, the others 90\.0 %\./,
  );
  assert.doesNotMatch(advise(sized(0.88)).wrong.join(' '), /fewer than/);
});

test('near-duplicates are the next step where a split divided them', () => {
  const pair = { ids: ['a', 'b'], labels: ['x', 'x'], similarity: 1 } as const;
  const withPair = (timesApart: number): GroupData => ({
    ...groupOf([strong]),
    alike: { pairs: [{ ...pair, timesApart }], compared: 9, of: 9 },
  });
  assert.match(advise(withPair(2)).next.join(' '), /one pair was divided between training and test images/);
  assert.doesNotMatch(advise(withPair(0)).next.join(' '), /nearly the same/);
});

test('reports how many labels were checked, and offers to check all', () => {
  const group = groupOf([strong]);
  const [best] = group.runs;
  const suspect = {
    ...{ id: 'a', label: 'x', suggestion: 'y', labelProbability: 0.1, suggestionProbability: 0.9 },
    ...{ timesSuggested: 1, timesHeldOut: 1 },
  };
  const withSuspects = { ...group, runs: [{ ...(best as GroupData['runs'][0]), suspects: [suspect, suspect] }] };
  const rows = withSuspects.runs[0]?.run.report.featureSet.rowCount;
  assert.match(
    advise(withSuspects).next.join(' '),
    new RegExp(`Review 2 suspicious labels, the most suspicious first \\(0 of ${rows} photos checked\\)`),
  );
  const check: LabelCheckFile = {
    formatVersion: 1,
    ...{ model: 'svm', solver: 'smo', folds: 5, seed: 0, splitHash: '', imageCount: 7, unjudged: 1 },
    images: Array.from({ length: 6 }, () => ({ ...suspect, suspected: true })),
  };
  const checked = advise({ ...withSuspects, labelCheck: check });
  assert.match(checked.next.join(' '), /6 of 7 photos checked/);
  assert.doesNotMatch(checked.steps.map(({ command }) => command).join(' '), /--check-labels/);
});

test('pairs of classes that were confused once each are not ranked', () => {
  const confusion = [
    [5, 1, 0],
    [0, 5, 1],
    [0, 0, 5],
  ];
  const three = (report: Report): Report => ({ ...report, classes: ['a', 'b', 'c'], confusion });
  assert.match(advise(groupOf([strong], three)).wrong.join(' '), /2 of 17 answers\. No pair of classes stands out\./);
  const twice = (report: Report): Report => ({ ...three(report), confusion: [[4, 2, 0], ...confusion.slice(1)] });
  assert.match(advise(groupOf([strong], twice)).wrong.join(' '), /Most often mistakes a for b \(2×\)\./);
});
