import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFuzz } from '../scripts/bench/fuzz/run-fuzz.ts';
import { fuzzTargets } from '../scripts/bench/fuzz/targets.ts';

/** Inputs of each reader. */
const each = 75;

test('each reader accepts or rejects 75 mutated files, without a raw error, a hang or unbounded memory', async () => {
  const { targets, close } = fuzzTargets();
  close();
  const { counts, findings } = await runFuzz(1, each * targets.length);
  assert.deepEqual(findings, []);
  for (const [name, { accepted, refused }] of Object.entries(counts)) {
    assert.ok(accepted > 0 && refused > 0, `${name}: ${accepted} accepted, ${refused} refused`);
    assert.equal(accepted + refused, each, name);
  }
});
