import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHead, loadHead } from '../../../src/classify/heads/index.ts';
import { foldsForCalibration } from '../../../src/classify/inner-folds.ts';
import { scoreProbabilities } from '../../../src/classify/metrics.ts';
import { type Table, takeTableRows } from '../../../src/classify/table.ts';
import { drawRows } from '../drawn-set.ts';

const features = drawRows(400, 16, 5, 21, 1.3);
const labels = Int32Array.from({ length: 400 }, (_, row) => row % 5);
const whole: Table = { features, labels, classes: [...'abcde'] };
const rows = Int32Array.from(labels.keys());
const train = takeTableRows(
  whole,
  rows.filter((row) => row < 150),
);
const held = takeTableRows(
  whole,
  rows.filter((row) => row >= 150),
);
const context = { seed: 0, threads: 2 };

test('tempering brings the log loss of an overconfident head down and changes no prediction', async () => {
  const fitted = await createHead('linear', { C: 1000, calibrate: 'temperature' }).fit(train, context);
  const plain = await createHead('linear', { C: 1000 }).fit(train, context);
  const before = await fitted.uncalibrated?.(held.features);
  assert.deepEqual(before, await plain.predictProba(held.features));
  assert.deepEqual(await fitted.predict(held.features), await plain.predict(held.features));
  const lossOf = async (p: typeof before): Promise<number> => (p ? scoreProbabilities(held.labels, p).logLoss : 0);
  const [loss, lossBefore] = [await lossOf(await fitted.predictProba(held.features)), await lossOf(before)];
  assert.ok(loss < lossBefore - 0.02, `${loss} against ${lossBefore}`);
  assert.ok((fitted.details['temperatureSlope'] as number) < 1);
  assert.match(fitted.details['probabilities'] as string, /softmax, tempered on 150 cross-validated rows/);
});

test('tempering gives an underconfident forest sharper probabilities, saved with it', async () => {
  const fitted = await createHead('forest', { trees: 40, calibrate: 'temperature' }).fit(train, context);
  assert.ok((fitted.details['temperatureSlope'] as number) > 1);
  const loaded = loadHead(fitted.save());
  assert.deepEqual(await loaded.predictProba(held.features), await fitted.predictProba(held.features));
  assert.deepEqual(await loaded.uncalibrated?.(held.features), await fitted.uncalibrated?.(held.features));
});

test('with one row per class nothing is held out, and the head says that it is not calibrated', async () => {
  const few = takeTableRows(whole, Int32Array.of(0, 1, 2, 3, 4));
  assert.deepEqual(foldsForCalibration(few, 5), []);
  const fitted = await createHead('linear', { calibrate: 'temperature' }).fit(few, context);
  assert.equal(fitted.details['temperatureSlope'], 1);
  assert.match(fitted.details['probabilities'] as string, /not calibrated/);
});
