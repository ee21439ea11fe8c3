import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scoreProbabilities } from '../../../../src/metrics/metrics.ts';
import { likeliestInverse } from '../../../../src/models/calibration/temperature.kernel.ts';
import { createHead, loadHead } from '../../../../src/models/registry.ts';
import type { Matrix } from '../../../../src/numerics/matrix.ts';
import type { Table } from '../../../../src/rows/table.ts';
import { drawRows } from '../../../classify/drawn-set.ts';
import { jsonFixture } from '../../../reference.ts';

interface Shape {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly weights: readonly number[] | null;
  readonly probe: readonly (readonly number[])[];
}
interface SvcCase {
  readonly name: string;
  readonly C: number;
  readonly objective: number;
  readonly values: readonly (readonly number[])[];
  readonly predicted: readonly number[];
}
const shapes = jsonFixture<readonly Shape[]>('classify/linear.json');
const golden = jsonFixture<readonly SvcCase[]>('classify/linear-svc.json');
const context = { seed: 0, threads: 2 };

function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rowCount: rows.length, columnCount: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

golden.forEach((one, i) => {
  test(`linearsvc has scikit-learn's optimum: ${one.name}`, async () => {
    const { x, y, weights, probe } = shapes[i] as Shape;
    const classes = Array.from({ length: Math.max(...y) + 1 }, (_, c) => `class ${c}`);
    const plain: Table = { features: matrix(x), labels: Int32Array.from(y), classes };
    const table = weights === null ? plain : { ...plain, sampleWeights: Float64Array.from(weights) };
    const fitted = await createHead('svm', { solver: 'linearsvc', C: one.C }).fit(table, context);
    const objective = fitted.details['objective'] as number;
    assert.ok(Math.abs(objective - one.objective) <= 1e-3 * one.objective, `${objective} against ${one.objective}`);
    assert.deepEqual([...(await fitted.predict(matrix(probe)))], one.predicted);

    // The decision values are the log probabilities over the slope, up to a constant per row.
    const slope = fitted.details['slope'] as number;
    const p = await fitted.predictProba(matrix(probe));
    one.values.forEach((values, row) => {
      const [first = 0] = values;
      values.forEach((value, c) => {
        const at = row * classes.length;
        const difference = Math.log((p.data[at + c] as number) / (p.data[at] as number)) / slope;
        if ((p.data[at + c] as number) < 1e-30 || (p.data[at] as number) < 1e-30) return;
        assert.ok(
          Math.abs(difference - (value - first)) < 0.02,
          `row ${row}, class ${c}: ${difference}, ${value - first}`,
        );
      });
    });
  });
});

test('linearsvc is unchanged after it was saved and loaded', async () => {
  const { x, y, probe } = shapes[0] as Shape;
  const table = { features: matrix(x), labels: Int32Array.from(y), classes: ['a', 'b', 'c', 'd'] };
  const fitted = await createHead('svm', { solver: 'linearsvc' }).fit(table, context);
  const loaded = loadHead(fitted.save());
  assert.equal(loaded.model, 'svm');
  assert.deepEqual(await loaded.predictProba(matrix(probe)), await fitted.predictProba(matrix(probe)));
});

test('the slope of linearsvc increases the likelihood of held-out rows', async () => {
  const features = drawRows(400, 20, 8, 3, 1.2);
  const labels = Int32Array.from({ length: 400 }, (_, row) => row % 8);
  const classes = [...'abcdefgh'];
  const half = { rowCount: 200, columnCount: 20, data: features.data.subarray(0, 4000) };
  const held = { rowCount: 200, columnCount: 20, data: features.data.subarray(4000) };
  const table = { features: half, labels: labels.subarray(0, 200), classes };
  const fitted = await createHead('svm', { solver: 'linearsvc', C: 0.01 }).fit(table, context);
  const p = await fitted.predictProba(held);
  const slope = fitted.details['slope'] as number;
  const logs = p.data.map(Math.log);
  const best = likeliestInverse(logs, 8, labels.subarray(200), undefined);
  assert.ok(best > 0.6 && best < 1.6, `${best} times ${slope} would be best`);
  assert.ok(slope > 1);
  // Nine rows of eight classes, two of one class, are too few for a slope; so are rows of classes missing from a fold.
  const few = {
    features: { ...half, rowCount: 9, data: half.data.subarray(0, 180) },
    labels: labels.subarray(0, 9),
    classes,
  };
  const cautious = await createHead('svm', { solver: 'linearsvc' }).fit(few, context);
  assert.match(cautious.warnings.join(), /not calibrated: too few training rows can be held out; a cautious slope of/);
  const plain = await createHead('svm', { solver: 'linearsvc', calibrate: 'none' }).fit(few, context);
  assert.deepEqual(await cautious.predict(held), await plain.predict(held));
});

test('with one row per class probabilities improve, and are nearly even for rows like none of them', async () => {
  const classes = Array.from({ length: 10 }, (_, c) => `class ${c}`);
  const labels = Int32Array.from(classes.keys());
  const table = { features: drawRows(10, 128, 10, 5, 1), labels, classes };
  const similar = drawRows(40, 128, 10, 5, 2);
  const strange = drawRows(10, 128, 10, 0, 1);
  const lossOf = async (calibrate: string, rows: Matrix): Promise<number> => {
    const head = await createHead('svm', { solver: 'linearsvc', calibrate }).fit(table, context);
    const truth = Int32Array.from({ length: rows.rowCount }, (_, row) => row % 10);
    return scoreProbabilities(truth, await head.predictProba(rows)).logLoss;
  };
  const [now, plain, chance] = [await lossOf('auto', similar), await lossOf('none', similar), Math.log(10)];
  assert.ok(now < 0.8 * plain, `log loss ${now}, ${plain} without a slope`);
  const far = await lossOf('auto', strange);
  assert.ok(far < chance + 0.5, `log loss ${far}, ${chance} by chance`);
});

test('the likeliest temperature is found from a distant start, and is bounded where classes are separable', () => {
  const scores = Float32Array.of(1, 0, 0.5, 0, 0, 1, 0, 0.5);
  const mixed = likeliestInverse(scores, 2, Int32Array.of(0, 0, 1, 0), undefined);
  const shrunk = likeliestInverse(
    scores.map((score) => score / 1000),
    2,
    Int32Array.of(0, 0, 1, 0),
    undefined,
  );
  assert.ok(Math.abs(shrunk / mixed - 1000) < 1, `${shrunk} against ${mixed}`);
  assert.ok(Number.isFinite(likeliestInverse(scores, 2, Int32Array.of(0, 0, 1, 1), undefined)));
});

test('linearsvc rejects parameters of the one-vs-one classifiers', () => {
  for (const params of [{ kernel: 'rbf' }, { gamma: 1 }, { tolerance: 0.1 }]) {
    assert.throws(() => createHead('svm', { solver: 'linearsvc', ...params }), { exitCode: 2 });
  }
});
