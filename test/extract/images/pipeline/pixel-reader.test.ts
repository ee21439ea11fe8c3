import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givePixelsBack, openBudget, takePixels } from '../../../../src/extract/images/pipeline/pixel-budget.ts';
import { PixelReader } from '../../../../src/extract/images/pipeline/pixel-reader.ts';
import type { PixelRecipe } from '../../../../src/extract/images/pipeline/pixel-result.ts';
import { projectRoot } from '../../../reference.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';

const recipe = { resize: 40, crop: 32, interpolation: 'bilinear', autoOrient: false } as const;
const fixtures = join(projectRoot, 'test/fixtures/pixels');
const scratch = temporaryFolder();

test('every file returns the pixels that it took from the budget, also a broken one', async () => {
  const budget = openBudget(1);
  const whole = budget[0];
  const reader = new PixelReader(recipe, () => false, budget);
  const broken = join(scratch, 'broken.png');
  writeFileSync(broken, Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\xe8\0\0\x03\xe8\x08\x02\0\0\0', 'latin1'));
  for (const path of [
    join(fixtures, 'gray.jpg'),
    join(fixtures, 'still.gif'),
    broken,
    join(fixtures, 'refused-lab.tif'),
  ]) {
    await reader.read(path);
    assert.equal(budget[0], whole, path);
  }
});

test('the budget holds one image of the largest size for up to 7 threads, and more for more threads', () => {
  const largest = 89_478_485;
  for (const threads of [1, 2, 7]) {
    const budget = openBudget(threads);
    takePixels(budget, largest);
    assert.equal(budget[0], 0);
    givePixelsBack(budget, largest);
    takePixels(budget, largest);
  }
  const budget = openBudget(16);
  for (let i = 0; i < 4; i++) takePixels(budget, largest);
  assert.equal(budget[0], 0);
});

test('further recipes give what each gives alone, also with another orientation', async () => {
  const turned = { resize: 30, crop: 24, interpolation: 'bicubic', autoOrient: true } as const;
  const small = { ...recipe, resize: 20, crop: 16 };
  const path = join(fixtures, 'orientation-6.jpg');
  const read = (one: PixelRecipe) => new PixelReader(one, () => false).read(path);
  const { pixels, beside } = await read({ ...recipe, beside: [turned, small] });
  const alone = await Promise.all([recipe, turned, small].map(read));
  assert.deepEqual(
    [pixels, ...(beside ?? [])],
    alone.map((file) => file.pixels),
  );
});

test('rejects a file that is too large for any image without reading it', {
  skip: process.platform === 'win32',
}, async () => {
  const path = join(scratch, 'huge.tif');
  writeFileSync(path, 'II*\0');
  truncateSync(path, 20e9);
  const result = await new PixelReader(recipe, () => false).read(path);
  assert.equal(result.outcome, 'failed');
  assert.match(result.reason ?? '', /20000000000 bytes, above the limit/);
});
