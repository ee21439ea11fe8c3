import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FitMeter } from '../../src/cli/classify/fit-progress.ts';
import { parseBytes, readOptions } from '../../src/system/options.ts';

test('a streamed fit prints step, loss, gradient, rows per second, and seconds per step or left', () => {
  const meter = new FitMeter();
  const fit = { stage: 'fit', total: 1000 };
  assert.equal(meter.describe('linear', { ...fit, done: 0, rowsRead: 0 }, 1000), 'linear: fit 0/1000');
  assert.equal(
    meter.describe('linear', { ...fit, done: 4, loss: 0.41234567, gradient: 0.0123, rowsRead: 2_000_000 }, 11_000),
    'linear: fit 4/1000, loss 0.41235, gradient 0.012, 200,000 rows/s, 3 s a step',
  );
  assert.equal(
    meter.describe('linear', { stage: 'fit', done: 1, total: 9, loss: 2, rowsRead: 3e6, rowsToRead: 9e6 }, 16_000),
    'linear: fit 1/9, loss 2.0000, 200,000 rows/s, 30 s left',
  );
  assert.equal(meter.describe('svm', { stage: 'machines', done: 3, total: 45 }, 17_000), 'svm: machines 3/45');
});

test('rows read before the first line count for neither speed nor remaining time, and at the end none remains', () => {
  const meter = new FitMeter();
  const at = (rowsRead: number, now: number): string =>
    meter.describe('finetune', { stage: 'epochs', done: 0, total: 3, rowsRead, rowsToRead: 96 }, now);
  assert.equal(at(32, 1000), 'finetune: epochs 0/3');
  assert.equal(at(64, 5000), 'finetune: epochs 0/3, 8 rows/s, 4 s left');
  assert.equal(at(96, 9000), 'finetune: epochs 0/3, 8 rows/s');
});

test('the clock starts again for each fold and split', () => {
  const meter = new FitMeter();
  const at = (rowsRead: number, now: number): string =>
    meter.describe('linear', { stage: 'fit', done: 1, total: 2, rowsRead }, now);
  at(0, 0);
  assert.match(at(1000, 1000), / 1,000 rows\/s/);
  at(10, 5000);
  assert.match(at(1010, 6000), / 1,000 rows\/s/);
});

test('a size needs a unit', () => {
  const read = (size: unknown): number | undefined =>
    readOptions({ size: { describe: '', parse: parseBytes } }, { size }).size;
  assert.equal(read('500MB'), 500e6);
  assert.equal(read('2GB'), 2e9);
  assert.equal(read('1.5 GiB'), 1.5 * 2 ** 30);
  assert.equal(read('64kB'), 64_000);
  assert.equal(read(undefined), undefined);
  for (const bad of ['2', '2G', '-1GB', 'GB', '1e3MB', '0MB', '1.MB', '2 gb', '9999999999TB', '', '2GB 3']) {
    assert.throws(() => read(bad), /--size is not usable/, bad);
  }
  assert.throws(() => read(['1MB', '2MB']), /2 values/);
});
