import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { countCores, parseCpuList, usableCores } from '../../../src/extract/backbone/processor.ts';

test('two threads of a core count once, and processors outside the affinity mask do not count', () => {
  const siblings = ['0,4', '1,5', '2,6', '3,7', '0,4', '1,5', '2,6', '3,7'];
  const siblingsOf = (processor: number): string => siblings[processor] as string;
  assert.equal(countCores([0, 1, 2, 3, 4, 5, 6, 7], siblingsOf), 4);
  assert.equal(countCores([0, 4, 1], siblingsOf), 2);
});

test("reads the kernel's processor lists", () => {
  assert.deepEqual(parseCpuList('0-3,8,10-11'), [0, 1, 2, 3, 8, 10, 11]);
  assert.deepEqual(parseCpuList('5'), [5]);
  assert.throws(() => parseCpuList('none'));
});

test('counts at least one core, and no more than the process may use', () => {
  assert.ok(usableCores() >= 1 && usableCores() <= availableParallelism());
});
