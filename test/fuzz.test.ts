import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFuzz } from '../scripts/bench/fuzz/run-fuzz.ts';

test('7,600 mutated files: each reader accepts or refuses, and never throws raw, hangs or asks for unbounded memory', async () => {
  const { counts, findings } = await runFuzz(1, 7600);
  assert.deepEqual(findings, []);
  for (const [name, { accepted, refused }] of Object.entries(counts)) {
    assert.ok(accepted > 0 && refused > 0, `${name}: ${accepted} accepted, ${refused} refused`);
    assert.equal(accepted + refused, 400, name);
  }
});
