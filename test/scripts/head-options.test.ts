import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { headsPage, withOptionsTable } from '../../scripts/docs/head-options.ts';

test('docs/heads.md has the options of every head as they are declared (npm run docs:heads writes them)', () => {
  const page = readFileSync(headsPage, 'utf8');
  assert.equal(page, withOptionsTable(page));
});
