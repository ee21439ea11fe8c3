import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likeliestInverse, logInPlace, raiseRows } from '../../../src/models/calibration/temperature.kernel.ts';
import {
  calibrated,
  loadCalibrated,
  rowsToPredict,
  savedInverseTemperature,
  temperatureOf,
} from '../../../src/models/calibration/temperature.ts';
import type { FittedHead, Head, SavedHead } from '../../../src/models/model.ts';
import { createHead } from '../../../src/models/registry.ts';
import type { RowSource } from '../../../src/rows/row-source.ts';
import { drawRows } from '../../classify/drawn-set.ts';
import { jsonFixture } from '../../reference.ts';

interface TemperatureCase {
  readonly name: string;
  readonly classes: number;
  readonly scores: readonly number[];
  readonly y: readonly number[];
  readonly weights: readonly number[] | null;
  readonly inverse: number;
  /** Of the first rows. */
  readonly probabilities: readonly number[];
  readonly raised: readonly number[];
}
/** Written by scripts/fixtures/models/temperature.py with scikit-learn. */
const golden: readonly TemperatureCase[] = jsonFixture('classify/temperature.json');

for (const one of golden) {
  const [labels, scores] = [Int32Array.from(one.y), Float32Array.from(one.scores)];
  test(`the inverse temperature is scikit-learn's: ${one.name}`, () => {
    const weights = one.weights === null ? undefined : Float64Array.from(one.weights);
    const found = likeliestInverse(scores, one.classes, labels, weights);
    // scikit-learn stops when the logarithm is known to about 1e-5.
    assert.ok(Math.abs(found / one.inverse - 1) < 2e-4, `${found}, ${one.inverse}`);
  });

  test(`probabilities are scaled as softmax does it: ${one.name}`, () => {
    const raised = Float32Array.from(one.probabilities);
    raiseRows(raised, one.classes, one.inverse);
    raised.forEach((value, i) => {
      assert.ok(Math.abs(value - (one.raised[i] as number)) < 2e-6, `${i}: ${value}, ${one.raised[i]}`);
    });
  });
}

const [first] = golden as readonly [TemperatureCase];
const [labels, scores] = [Int32Array.from(first.y), Float32Array.from(first.scores)];
const never = Number.NEGATIVE_INFINITY;

test('an impossible class, and a row whose own class is impossible, have no influence', () => {
  const { classes } = first;
  const wider = new Float32Array((labels.length + 1) * (classes + 1)).fill(never);
  for (let row = 0; row < labels.length; row++) {
    wider.set(scores.subarray(row * classes, (row + 1) * classes), row * (classes + 1));
  }
  wider.set([0, 1, 2, 3], labels.length * (classes + 1));
  const found = likeliestInverse(wider, classes + 1, Int32Array.of(...labels, classes), undefined);
  assert.equal(found, likeliestInverse(scores, classes, labels, undefined));
});

test('separable scores give more than a million, scores that are always wrong more than zero', () => {
  const right = Float32Array.of(1, 0, 0, 1);
  const sure = likeliestInverse(right, 2, Int32Array.of(0, 1), undefined);
  assert.ok(Number.isFinite(sure) && sure > 10, String(sure));
  const wrong = likeliestInverse(right, 2, Int32Array.of(1, 0), undefined);
  assert.ok(wrong > 0 && wrong < 1e-3, String(wrong));
  // The first step of Newton's method is twice the inverse of a gap; the first above a million is the last.
  const gap = 2 ** -20;
  const near = Float32Array.of(1 + gap, 1, 1, 1 + gap);
  const last = likeliestInverse(near, 2, Int32Array.of(0, 1), undefined);
  assert.ok(Math.abs(last - 2 / gap) < 2, String(last));
  // Distant scores do not overflow.
  const far = likeliestInverse(Float32Array.of(0, 1000, 0, 1), 2, Int32Array.of(0, 1), undefined);
  assert.ok(far > 0 && far < 1e-2, String(far));
  // Equal scores have no information: they stay unchanged.
  assert.equal(likeliestInverse(Float32Array.of(2, 2, 2, 2), 2, Int32Array.of(1, 0), undefined), 1);
});

test('uses natural logarithms, with minus infinity for 0', () => {
  const values = Float32Array.of(0, 1, 0.5);
  logInPlace(values);
  assert.deepEqual([...values], [never, 0, Math.fround(-Math.LN2)]);
});

test("labels and weights of held-out rows are those of the table's rows", () => {
  const { classes } = first;
  const names = Array.from({ length: classes }, (_, c) => `class ${c}`);
  // The table has an additional first row, and the folds hold out the others in two blocks.
  const table = { classes: names, labels: Int32Array.of(0, ...labels) };
  const held = Array.from(labels, (_, row) => row + 1);
  const blocks = [scores.subarray(0, 7 * classes), scores.subarray(7 * classes)];
  const found = temperatureOf(blocks, held, table);
  assert.equal(found.inverse, likeliestInverse(scores, classes, labels, undefined));
  assert.deepEqual([found.rows, found.scores?.length], [labels.length, labels.length]);
  const weights = Float64Array.from(labels, (_, row) => row % 3);
  const weighted = temperatureOf(blocks, held, { ...table, sampleWeights: Float64Array.of(100, ...weights) });
  assert.equal(weighted.inverse, likeliestInverse(scores, classes, labels, weights));
  assert.notEqual(weighted.inverse, found.inverse);
  assert.deepEqual(temperatureOf([], [], table), { inverse: 1, rows: 0 });
});

test('a head that was saved without a temperature is loaded without one', () => {
  const saved = { params: { C: 1 }, details: {} } as unknown as SavedHead;
  const plain = {} as FittedHead;
  assert.equal(
    loadCalibrated(saved, (given) => {
      assert.equal(given, saved);
      return plain;
    }),
    plain,
  );
  assert.equal(savedInverseTemperature(saved), 1);
  const details = { temperatureSlope: 2.5 };
  assert.equal(savedInverseTemperature({ ...saved, details }), 2.5);
});

test('a head that was saved with a temperature is loaded with it, and predicts without it on request', async () => {
  const answer = { predicted: Int32Array.of(0), probabilities: { rowCount: 1, columnCount: 2, data: [0.8, 0.2] } };
  const plain = {
    classes: ['a', 'b'],
    predictBoth: async () => ({
      ...answer,
      probabilities: { ...answer.probabilities, data: Float32Array.from(answer.probabilities.data) },
    }),
    save: () => ({ params: {}, details: { solver: 'x' } }),
    details: { temperatureSlope: 2 },
  } as unknown as FittedHead;
  const saved = {
    params: { C: 1, calibrate: 'temperature' },
    details: { temperatureSlope: 2 },
  } as unknown as SavedHead;
  const loaded = loadCalibrated(saved, (given) => {
    assert.deepEqual(given.params, { C: 1 });
    return plain;
  });
  assert.equal(loaded.calibrated, true);
  const rows = { rowCount: 1, columnCount: 1, data: new Float32Array(1) };
  const [p = 0, q = 0] = (await loaded.predictProba(rows)).data;
  assert.ok(Math.abs(p - 0.64 / 0.68) < 1e-6 && Math.abs(q - 0.04 / 0.68) < 1e-6, `${p}, ${q}`);
  assert.deepEqual((await loaded.predictProba(rows, { uncalibrated: true })).data, Float32Array.of(0.8, 0.2));
  assert.deepEqual(loaded.save(), { params: saved.params, details: { solver: 'x', temperatureSlope: 2 } });
});

test('a calibrated head reports its number and kind of rows, their scores, and its progress', async () => {
  const labels = Int32Array.from({ length: 60 }, (_, row) => row % 3);
  const table = { features: drawRows(60, 6, 3, 9, 1), labels, classes: ['a', 'b', 'c'] };
  const progress: unknown[] = [];
  const onProgress = (event: unknown): void => void progress.push(event);
  const fitted = await calibrated(createHead('ridge')).fit(table, { seed: 0, threads: 1, onProgress });
  assert.deepEqual(
    progress.filter((event) => (event as { stage?: string }).stage === 'calibration'),
    [0, 1, 2, 3, 4].map((done) => ({ stage: 'calibration', done, total: 5 })),
  );
  assert.match(String(fitted.details['probabilities']), /, temperature-scaled on 60 cross-validated rows$/);
  assert.deepEqual([fitted.heldOut?.rowsAre, fitted.heldOut?.scores.length], ['cross-validated', 60]);
  assert.equal(fitted.params['calibrate'], 'temperature');
  assert.equal(fitted.details['temperatureRows'], 60);
  // Classes with one row each have none to hold out; two rows of one class among twelve are too few.
  for (const labels of [Int32Array.of(0, 1, 2), Int32Array.of(...Array.from({ length: 11 }, (_, c) => c), 0)]) {
    const classes = Array.from({ length: labels.length }, (_, c) => `class ${c}`);
    const few = { features: drawRows(labels.length, 6, 11, 9, 1), labels, classes };
    for (const model of ['ridge', 'linear', 'knn']) {
      const plain = await calibrated(createHead(model)).fit(few, { seed: 0, threads: 1 });
      assert.match(String(plain.details['probabilities']), /, not calibrated: too few rows to hold out$/);
      assert.notEqual(plain.heldOut?.rowsAre, 'cross-validated');
      assert.equal(plain.details['temperatureSlope'], 1);
    }
  }
});

test('a calibration needs memory for the held-out probabilities, and in memory for the rows of a fold', () => {
  const head = { params: {}, needs: () => [{ what: 'the fit', bytes: 5 }] } as unknown as Head;
  const size = { trainRows: 10_000, dims: 16, classes: 4 } as Parameters<Head['needs']>[0];
  assert.deepEqual(calibrated(head).needs(size), [
    { what: 'the fit', bytes: 5 },
    { what: 'rows of a fold', bytes: 4 * 10_000 * 16 },
    { what: 'cross-validated probabilities', bytes: 8 * 2000 * 4 },
  ]);
  // From disk at most 2 ** 21 probabilities are kept, but at least 2,000 rows of them.
  const large = { trainRows: 1_000_000, dims: 16, stream: true } as Parameters<Head['needs']>[0];
  for (const [classes, rows] of [
    [4, 200_000],
    [100, 20_971],
    [5000, 2000],
  ] as const) {
    assert.deepEqual(calibrated(head).needs({ ...large, classes }), [
      { what: 'the fit', bytes: 5 },
      { what: 'held-out probabilities', bytes: 8 * classes * rows },
    ]);
  }
});

test('a fold on disk holds out its share of the rows that are kept, in memory of all rows', () => {
  const rows = Int32Array.from({ length: 3000 }, (_, row) => row);
  const classes = Array.from({ length: 1000 }, (_, c) => String(c));
  const features = { rowCount: 3000, columnCount: 1, data: new Float32Array(3000) };
  assert.equal(rowsToPredict(rows, 5, { features, classes }), rows);
  const stored = { ...features, data: undefined, reader: {}, rows } as unknown as RowSource;
  assert.equal(rowsToPredict(rows, 5, { features: stored, classes }).length, Math.ceil(2097 / 5));
});
