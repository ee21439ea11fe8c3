import assert from 'node:assert/strict';
import { it } from 'node:test';
import { torture } from '../../scripts/torture/torture.ts';

it('extract, killed five times at random moments, ends with the bytes of an uninterrupted run', async () => {
  const { kills, killsAtWork, different } = await torture(5, 7, 48);
  assert.equal(kills, 5);
  assert.ok(killsAtWork >= 3, `${killsAtWork} kills of a run that had begun to write`);
  assert.deepEqual(different, []);
});
