import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeWork,
  imagesPerPart,
  jobName,
  mergeMinutes,
  nodeOptions,
  partSeconds,
  taskMemoryGB,
  timeLimitMinutes,
} from '../../../src/cluster/plan/plan.ts';
import { containerArgument, sbatchPattern, sbatchWord } from '../../../src/cluster/plan/quoting.ts';
import { awkward, examplePlan } from './example-plan.ts';

test('a task gets twice the time of its images and its list, and five minutes to start', () => {
  const plan = examplePlan({ imageCount: 1_000_000, partCount: 10, rate: 50, listSeconds: 100 });
  assert.equal(imagesPerPart(plan), 100_000);
  assert.equal(partSeconds(plan), 2000);
  // 2 x (2000 + 100) + 300 = 4500 s.
  assert.equal(timeLimitMinutes(plan), 75);
  assert.equal(timeLimitMinutes(examplePlan({ imageCount: 8 })), 10);
  assert.equal(mergeMinutes(plan), 30);
  assert.equal(mergeMinutes(examplePlan({ imageCount: 4_500_000 })), 50);
});

test('a task gets memory for the list of all images, and a larger heap of Node where the default is too small', () => {
  assert.equal(taskMemoryGB(10_000, 4, 0), 3);
  assert.equal(taskMemoryGB(10_000, 8, 1), 6);
  assert.equal(taskMemoryGB(10_000_000, 4, 0), 10);
  assert.equal(nodeOptions(examplePlan()), undefined);
  assert.equal(nodeOptions(examplePlan({ imageCount: 10_000_000 })), '--max-old-space-size=8000');
});

test('the estimate fits one line of a comment', () => {
  const line = describeWork(examplePlan());
  assert.equal(
    line,
    '10000 images in 8 parts of about 1250: under a minute each at 50 images/s (measured by the last run on 4 cores)',
  );
  assert.match(describeWork(examplePlan({ rate: 0.3251, imageCount: 80_000 })), /8\.5 hours each at 0\.33 images\/s/);
});

test('a job has a name that Kubernetes accepts, different for every set', () => {
  const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  const names = ['dogs', 'Dogs', 'dogs!', '猫', '犬', awkward, '-', 'x'.repeat(80), `${'x'.repeat(79)}y`];
  const jobs = names.map((name) => jobName({ name }));
  assert.equal(jobs[0], 'featuretap-dogs');
  for (const job of jobs) {
    assert.match(job, label);
    // With the suffixes of the merge and of the pod's number 99999.
    assert.ok(`${job}-merge`.length <= 63 && `${job}-99999`.length <= 63, job);
  }
  assert.equal(new Set(jobs).size, names.length);
});

test('values are quoted for the shell or YAML that reads them', () => {
  assert.equal(sbatchWord('/plain/path_1'), '/plain/path_1');
  assert.equal(sbatchWord('/a "b" \\ #c'), '"/a \\"b\\" \\\\ #c"');
  assert.equal(sbatchPattern('/50%/x'), '/50%%/x');
  assert.equal(containerArgument('$(HOME) $$ $'), '$$(HOME) $$$$ $$');
});
