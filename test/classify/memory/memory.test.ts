import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availableMemory } from '../../../src/classify/memory/available.ts';
import { checkNeeds, fitNeeds } from '../../../src/classify/memory/fit-needs.ts';
import { sweptHead } from '../../../src/classify/sweep/swept-head.ts';
import type { FitSize } from '../../../src/models/memory-parts.ts';
import { createHead, headKinds } from '../../../src/models/registry.ts';
import { UserError } from '../../../src/system/errors.ts';

test('the available memory is the free memory of the machine, within the limit of its container', () => {
  const system = { total: 32e9, free: 20e9, limit: undefined, used: 1e9 };
  assert.equal(availableMemory(system), 20e9);
  assert.equal(availableMemory({ ...system, limit: 0 }), 20e9);
  assert.equal(availableMemory({ ...system, limit: 2 ** 64 }), 20e9);
  assert.equal(availableMemory({ ...system, limit: 4e9 }), 3e9);
  assert.equal(availableMemory({ ...system, limit: 24e9 }), 20e9);
  assert.equal(availableMemory({ ...system, limit: 4e9, used: 5e9 }), 0);
  const here = availableMemory();
  assert.ok(here > 0 && Number.isFinite(here));
});

const size: FitSize = { trainRows: 50_000, testRows: 5000, dims: 2048, classes: 120, threads: 4 };
const rowBytes = 4 * 55_000 * 2048;

test('every head needs at least the memory of the rows, and more for more rows', () => {
  // Zero-shot does not scale rows.
  for (const kind of headKinds.filter(({ model }) => model !== 'zero-shot')) {
    for (const solver of kind.solvers) {
      const head = createHead(kind.model, { solver });
      const { bytes, parts } = fitNeeds(head, size);
      assert.ok(bytes >= rowBytes, `${kind.model} ${solver}: ${bytes}`);
      assert.ok(fitNeeds(head, { ...size, trainRows: 100_000 }).bytes > bytes);
      assert.ok(parts.every((part) => part.bytes >= 0 && Number.isFinite(part.bytes) && part.what !== ''));
      const scaled = fitNeeds(createHead(kind.model, { solver, scale: 'standard' }), size);
      assert.equal(scaled.bytes - bytes, rowBytes);
      const calibrated = fitNeeds(createHead(kind.model, { solver, calibrate: 'temperature' }), size);
      assert.ok(calibrated.bytes > bytes);
    }
  }
});

test("the estimates for an SVM's kernel matrix and a forest's bins equal the sizes of the arrays", () => {
  const part = (model: string, what: string): number | undefined =>
    fitNeeds(createHead(model), size).parts.find((found) => found.what === what)?.bytes;
  assert.equal(part('svm', 'kernel matrix'), 4 * 50_000 ** 2);
  assert.equal(part('forest', 'bins'), 2 * 50_000 * 2048 + 8 * 256 * 2048);
  assert.equal(fitNeeds(createHead('svm', { solver: 'linearsvc' }), size).parts[0]?.what, 'features');
});

test('a fit that needs too much memory is rejected with an alternative and the number of rows that fit', () => {
  const refusal = (model: string, available: number, given = true, params = {}): string => {
    try {
      checkNeeds([fitNeeds(createHead(model, params), size)], size, available, given);
    } catch (error) {
      assert.ok(error instanceof UserError);
      return error.message;
    }
    return '';
  };
  const svm = refusal('svm', 4e9);
  assert.match(svm, /the svm head does not fit the memory/);
  assert.match(svm, /50000 training rows of 2048 features, 120 classes/);
  assert.match(svm, /about 11\.\d GB \(kernel matrix 10\.0 GB\)/);
  assert.match(svm, /at most 4\.0 GB, as --memory says/);
  assert.match(svm, /--solver linearsvc.*--model linear --stream.*--subsample \d+, a stratified part of the 50000/);
  // The suggested number of rows fits, one and a half times as many do not.
  const rows = Number(/--subsample (\d+)/.exec(svm)?.[1]);
  const needed = (trainRows: number): number => fitNeeds(createHead('svm'), { ...size, trainRows }).bytes;
  assert.ok(needed(rows) <= 4e9 && needed(1.5 * rows) > 4e9, `${rows} rows`);

  assert.match(refusal('forest', 3e8), /forest[\s\S]*--model linear --stream[\s\S]*--subsample/);
  assert.match(refusal('linear', 3e8, false), /which is what is free[\s\S]*--memory \d+\.\dMB if you know better/);
  // Not even one row of each class fits.
  assert.doesNotMatch(refusal('svm', 1e6), /--subsample/);
  assert.equal(refusal('svm', 20e9), '');
});

test('the estimate of a sweep is that of its largest point plus the rows of a fold', () => {
  const kind = headKinds.find(({ model }) => model === 'forest');
  assert.ok(kind);
  const swept = sweptHead(kind, {}, { trees: [10, 200] }, { cv: 5, oneStandardError: false });
  const most = fitNeeds(createHead('forest', { trees: 200 }), size).bytes;
  assert.equal(fitNeeds(swept, size).bytes, most + 4 * size.trainRows * size.dims);
});
