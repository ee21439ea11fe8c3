import assert from 'node:assert/strict';
import { it } from 'node:test';
import { tortureAll } from '../../scripts/torture/all.ts';
import { torturedVerbs } from '../../scripts/torture/verbs.ts';

it('every verb, killed and disturbed in every way, never hangs and leaves no partial file', async () => {
  const results = await tortureAll({ kills: 2, others: 1, seed: 3, imageCount: 16 });
  assert.deepEqual(
    results.flatMap(({ verb, wrong }) => wrong.map((what) => `${verb}: ${what}`)),
    [],
  );
  assert.deepEqual(
    results.map(({ verb, kills }) => [verb, kills]),
    [...torturedVerbs, { verb: 'serve', timesAsManyKills: 1 }].map(({ verb, timesAsManyKills = 1 }) => [
      verb,
      2 * timesAsManyKills,
    ]),
  );
});
