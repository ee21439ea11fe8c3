import assert from 'node:assert/strict';
import { test } from 'node:test';
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
    map: undefined,
    alike: undefined,
    photos: new Map(),
    notes: [],
  };
}

const strong = { model: 'svm', skill: 0.95 };

test('heads that are as good as the best are named, those that are only perhaps worse apart', () => {
  const group = groupOf([strong, { model: 'linear', skill: 0.9 }, { model: 'forest', skill: 0.3 }]);
  assert.match(advise(group).which.join(' '), /Not distinguishable from it here: linear\./);
  const [toLinear, toForest, between] = group.differences;
  const doubtful = [toLinear, { ...toForest, distinguishable: false, doubtful: true }, between] as const;
  const { which } = advise({ ...group, differences: doubtful as GroupData['differences'] });
  assert.match(which.join(' '), /Perhaps better than forest\. Not distinguishable from it here: linear\./);
});

test('what comes next is a command that can be typed, made of the one that made the report', () => {
  const next = advise(groupOf([strong])).next.join('\n');
  for (const typed of [
    ownCommand('classify', ['--model', 'svm', '--learning-curve']),
    ownCommand('classify', ['--model', 'svm', '--repeats', '10']),
    ownCommand('predict', ['--head', 'reports/drawn/svm', 'PHOTO']),
    ownCommand('export', ['--head', 'reports/drawn/svm', '--to', 'head.onnx']),
  ]) {
    assert.ok(next.includes(`\`${typed}\``), `${typed} in\n${next}`);
  }
  const fixed = groupOf([strong], (report) => ({
    ...report,
    command: 'featuretap classify --model svm --split s.csv',
  }));
  assert.doesNotMatch(advise(fixed).next.join('\n'), /--repeats/);
});

test('classes with few training images are told to be found less often where they are', () => {
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

test('photos that are nearly the same are next where a split divided them', () => {
  const pair = { ids: ['a', 'b'], labels: ['x', 'x'], similarity: 1 } as const;
  const withPair = (timesApart: number): GroupData => ({
    ...groupOf([strong]),
    alike: { pairs: [{ ...pair, timesApart }], compared: 9, of: 9 },
  });
  assert.match(advise(withPair(2)).next.join(' '), /one pair was divided between training and test images/);
  assert.doesNotMatch(advise(withPair(0)).next.join(' '), /nearly the same/);
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
  assert.match(advise(groupOf([strong], twice)).wrong.join(' '), /Most often it takes a for b \(2×\)\./);
});
