import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { pages, withOptions } from '../../scripts/docs/options.ts';

for (const { file, write } of pages) {
  test(`docs/${basename(file)} has the declared options (npm run docs:options writes them)`, async () => {
    const page = readFileSync(file, 'utf8');
    assert.equal(page, withOptions(page, await write()));
  });
}
