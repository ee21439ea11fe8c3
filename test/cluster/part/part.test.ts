import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePart, partOf } from '../../../src/cluster/records/part.ts';
import { UserError } from '../../../src/system/errors.ts';

test('a part is set by the flag, Slurm or Kubernetes', () => {
  assert.deepEqual(parsePart('3/8', {}), { index: 3, count: 8 });
  const slurm = {
    SLURM_ARRAY_TASK_ID: '5',
    SLURM_ARRAY_TASK_COUNT: '8',
    SLURM_ARRAY_TASK_MIN: '0',
    SLURM_ARRAY_TASK_MAX: '7',
  };
  assert.deepEqual(parsePart('auto', slurm), { index: 5, count: 8 });
  assert.deepEqual(parsePart('auto/16', slurm), { index: 5, count: 16 });
  assert.deepEqual(parsePart('auto/4', { JOB_COMPLETION_INDEX: '2' }), { index: 2, count: 4 });
});

test('an array of which only some tasks were submitted again is not mistaken for all parts', () => {
  const again = {
    SLURM_ARRAY_TASK_ID: '17',
    SLURM_ARRAY_TASK_COUNT: '3',
    SLURM_ARRAY_TASK_MIN: '3',
    SLURM_ARRAY_TASK_MAX: '21',
  };
  assert.throws(() => parsePart('auto', again), /array of 3 tasks from 3 to 21[\s\S]*auto\/N/);
  assert.deepEqual(parsePart('auto/32', again), { index: 17, count: 32 });
});

test('an invalid part is rejected with the value found', () => {
  for (const value of ['', '3', '8/8', '-1/8', '1/0', 'a/b', '1/8/2', '0.5/2', '1/1000000']) {
    assert.throws(
      () => parsePart(value, {}),
      (error) => error instanceof UserError && error.exitCode === 2,
      value,
    );
  }
  assert.throws(() => parsePart('auto/8', {}), /neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX/);
});

test('parts have similar sizes, and depend on the id alone', () => {
  const sizes = new Int32Array(16);
  for (let i = 0; i < 16_000; i++) {
    const part = partOf(`class/photo-${i}`, 16);
    sizes[part] = (sizes[part] as number) + 1;
  }
  // Binomial with mean 1000 and deviation 31: five deviations.
  assert.ok(
    sizes.every((size) => Math.abs(size - 1000) < 155),
    sizes.join(' '),
  );
  assert.equal(partOf('class/photo-7', 16), partOf('class/photo-7', 16));
});
