import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../../src/classify/result/report.ts';
import { finetuneSteps } from '../../../src/report/analysis/finetune-step.ts';
import type { GroupData } from '../../../src/report/analysis/group-data.ts';
import type { LearningCurve } from '../../../src/report/analysis/learning.ts';
import { ownCommand } from '../../../src/system/own-command.ts';
import { drawReport } from '../drawn-report.ts';

const flat = { answer: 'little' } as LearningCurve;
const preprocessing = { resize: 256, crop: 224, interpolation: 'bilinear', mean: [0, 0.5, 1], std: [1, 1, 1] };
const made = {
  fields: { architecture: 'resnet50', precision: 'float32', preprocessing: { ...preprocessing, autoOrient: false } },
  madeBy: { weights: 'resnet50', data: '/photos of mine' },
} as unknown as Pick<Report['featureSet'], 'fields' | 'madeBy'>;

function runsOf(change: (report: Report) => Report, model = 'linear'): GroupData['runs'] {
  const { report, predictions } = drawReport({ model, skill: 0.7, perClassCount: 30 });
  const whole = { ...report, trainSize: 150, featureSet: { ...report.featureSet, ...made } };
  return [{ run: { name: model, report: change(whole), predictions }, images: [], mistakes: [], suspects: [] }];
}

const steps = (change: (report: Report) => Report = (report) => report, curve = flat) =>
  finetuneSteps({ runs: runsOf(change), speed: undefined }, curve);

test('fine-tuning is suggested in two commands where more photos would help little and accuracy is not high', () => {
  const usual = [
    '--resize',
    '256',
    '--crop',
    '224',
    '--interpolation',
    'bilinear',
    '--mean',
    '0,0.5,1',
    '--std',
    '1,1,1',
  ];
  const commands = steps((report) => ({ ...report, featureSet: { ...report.featureSet, missing: { missing: 2 } } }));
  const { testSize } = runsOf((report) => report)[0]!.run.report;
  assert.deepEqual(
    commands.map(({ command }) => command),
    [
      ownCommand('extract', [
        ...['--data', '/photos of mine', '--weights', 'resnet50', '--tap', 'layer3', '--pool', 'none'],
        ...['--dtype', 'float16', ...usual, '--allow-missing', '--name', 'drawn-layer3', '--cache', 'cache'],
      ]),
      ownCommand('classify', [
        ...['--features', 'cache/drawn-layer3', '--model', 'finetune', '--epochs', '10'],
        ...['--test-size', String(testSize), '--seed', '0'],
      ]),
    ],
  );
  assert.doesNotMatch(commands[0]!.what, /about/);
});

test('the estimated time comes from the last extract', () => {
  const speed = { device: 'cpu', cores: 2, images: 100, seconds: 10 } as const;
  // 180 photos of 0.1 s, and ten epochs of 150 photos of 0.104 s.
  assert.match(finetuneSteps({ runs: runsOf((report) => report), speed }, flat)[0]!.what, /about 3 minutes here/);
});

test('the distance from ImageNet is given where it is known, and near photos rule out the suggestion', () => {
  const at = (distance: GroupData['distance']) =>
    finetuneSteps({ runs: runsOf((report) => report), speed: undefined, distance }, flat);
  assert.match(
    at({ answer: 'far', deviations: 3.91 })[0]!.what,
    /are far from ImageNet[\s\S]* 3\.9 standard deviations/,
  );
  assert.match(at({ answer: 'between', deviations: 5 })[0]!.what, /neither near nor far/);
  assert.match(at(undefined)[0]!.what, /is not known/);
  assert.deepEqual(at({ answer: 'near', deviations: 6.4 }), []);
});

test('fine-tuning is not suggested where it is not known to help', () => {
  const set = (more: Partial<Report['featureSet']>) => (report: Report) => ({
    ...report,
    featureSet: { ...report.featureSet, ...more },
  });
  assert.equal(steps().length, 2);
  assert.deepEqual(finetuneSteps({ runs: runsOf((report) => report), speed: undefined }, undefined), []);
  assert.deepEqual(
    steps((report) => report, { answer: 'yes' } as LearningCurve),
    [],
  );
  assert.deepEqual(
    steps((report) => ({ ...report, accuracy: 0.97 })),
    [],
  );
  assert.deepEqual(
    steps((report) => ({ ...report, trainSize: 60 })),
    [],
  );
  assert.deepEqual(
    steps((report) => ({ ...report, command: `${report.command} --split s.csv` })),
    [],
  );
  assert.deepEqual(steps(set({ randomWeights: true })), []);
  assert.deepEqual(steps(set({ fields: { ...made.fields!, architecture: 'resnext50_32x4d' } })), []);
  const beside = [...runsOf((report) => report), ...runsOf((report) => report, 'finetune')];
  assert.deepEqual(finetuneSteps({ runs: beside, speed: undefined }, flat), []);
});
