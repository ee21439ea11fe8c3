import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hostileServe } from '../../scripts/torture/serve/hostile.ts';

it('a server answers slow, truncated and fuzzed photos with their statuses, and its memory stays bounded', async () => {
  const { statuses, fuzzed, wrong } = await hostileServe({ requests: 100, seed: 1 });
  assert.deepEqual(wrong, []);
  assert.equal(
    Object.values(statuses).reduce((sum, count) => sum + count, 0),
    123,
    'requests, twenty slow bodies and three bombs',
  );
  assert.ok(fuzzed.read > 0 && fuzzed.refused > fuzzed.read, JSON.stringify(fuzzed));
});
