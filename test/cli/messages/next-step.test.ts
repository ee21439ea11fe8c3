import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawOptions } from '../../../src/cli/extract/next-step.ts';
import { stratifiedShuffleSplit } from '../../../src/split/split.ts';

function images(...counts: readonly number[]): { readonly label: string }[] {
  return counts.flatMap((count, i) => Array.from({ length: count }, () => ({ label: `class ${i}` })));
}

test('names no test size where a tenth of the images holds every class', () => {
  assert.deepEqual(drawOptions(images(10, 10), 0), []);
});

test('names a test size with which a split succeeds where a tenth is too small', () => {
  for (const counts of [[2, 2], [3, 2, 2], [4, 4, 4, 4, 4, 4], Array.from({ length: 120 }, () => 8)]) {
    const [option, size] = drawOptions(images(...counts), 0);
    assert.equal(option, '--test-size');
    const labels = Int32Array.from(counts.flatMap((count, i) => Array.from({ length: count }, () => i)));
    const names = counts.map((_, i) => `class ${i}`);
    const draw = (testSize: number): unknown =>
      stratifiedShuffleSplit(labels, names, { testSize, seed: 0, repeats: 1 });
    assert.throws(() => draw(0.1), /the test set is smaller/);
    assert.doesNotThrow(() => draw(Number(size)));
  }
});

test('leaves out classes of one image', () => {
  assert.deepEqual(drawOptions(images(20, 20, 1), 0), ['--min-images', '2']);
  assert.deepEqual(drawOptions(images(3, 3, 1), 0), ['--min-images', '2', '--test-size', '0.34']);
});

test('does not count images without a row towards the test size', () => {
  assert.deepEqual(drawOptions(images(10, 10), 10), ['--test-size', '0.2']);
});
