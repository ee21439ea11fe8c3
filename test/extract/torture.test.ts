import assert from 'node:assert/strict';
import { it } from 'node:test';
import { torture } from '../../scripts/torture/torture.ts';

it('extract, killed four times while it writes, ends with the bytes of an uninterrupted run', async () => {
  const { killsAtWork, different } = await torture(4, 7, 48);
  assert.equal(killsAtWork, 4);
  assert.deepEqual(different, []);
});
