import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FitContext, FittedHead } from '../../../src/models/model.ts';
import { createHead, loadHead } from '../../../src/models/registry.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import type { Table } from '../../../src/rows/table.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { drawRows } from '../../classify/drawn-set.ts';
import { jsonFixture } from '../../reference.ts';

interface LinearCase {
  readonly name: string;
  readonly C: number;
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly weights: readonly number[] | null;
  readonly probe: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
  readonly predicted: readonly number[];
  readonly objective: number;
}
const golden: readonly LinearCase[] = jsonFixture('classify/linear.json');
const context: FitContext = { seed: 0, threads: 2 };

function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rowCount: rows.length, columnCount: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

function tableOf({ x, y, weights }: LinearCase): Table {
  const classes = Array.from({ length: Math.max(...y) + 1 }, (_, c) => `class ${c}`);
  const table = { features: matrix(x), labels: Int32Array.from(y), classes };
  return weights === null ? table : { ...table, sampleWeights: Float64Array.from(weights) };
}

for (const one of golden) {
  test(`has scikit-learn's optimum: ${one.name}`, async () => {
    const fitted = await createHead('linear', { C: one.C }).fit(tableOf(one), context);
    assert.ok(fitted.converged);
    const found = await fitted.predictProba(matrix(one.probe));
    const worst = Math.max(...one.probabilities.flat().map((p, i) => Math.abs(p - (found.data[i] as number))));
    assert.ok(worst < 1e-3, `probabilities differ by ${worst}`);
    assert.deepEqual([...(await fitted.predict(matrix(one.probe)))], one.predicted);
    const objective = fitted.details['objective'] as number;
    assert.ok(objective < one.objective * (1 + 1e-5) + 1e-5, `${objective} against ${one.objective}`);
  });
}

const four = golden[0] as LinearCase;

test('gives the same bits on any number of threads', async () => {
  const weightsOn = async (threads: number): Promise<unknown> =>
    (await createHead('linear').fit(wideTable(), { seed: 0, threads })).save().arrays;
  assert.deepEqual(await weightsOn(3), await weightsOn(1));
});

test('gives a class without training rows the probability 0 and changes no other', async () => {
  const table = tableOf(four);
  const classes = ['before', ...table.classes.slice(0, 2), 'between', ...table.classes.slice(2)];
  const labels = table.labels.map((label) => (label < 2 ? label + 1 : label + 2));
  const probe = matrix(four.probe);
  const with6 = await (await createHead('linear').fit({ ...table, classes, labels }, context)).predictProba(probe);
  const with4 = await (await createHead('linear').fit(table, context)).predictProba(probe);
  for (let row = 0; row < probe.rowCount; row++) {
    const found = [...with6.data.subarray(row * 6, row * 6 + 6)];
    assert.deepEqual(found, [
      0,
      ...with4.data.subarray(row * 4, row * 4 + 2),
      0,
      ...with4.data.subarray(row * 4 + 2, row * 4 + 4),
    ]);
  }
});

test('without convergence it reports its progress and what to change', async () => {
  const fitted = await createHead('linear', { C: 1000, maxIterations: 3 }).fit(tableOf(four), context);
  assert.equal(fitted.converged, false);
  assert.equal(fitted.iterations, 3);
  assert.match(fitted.warnings.join(), /not converged after 3 steps.*raise --max-iterations 3, lower --C 1000/);
});

for (const [where, rowCount, dims] of [
  ['the features', 120, 30],
  ["the rows' span", 60, 150],
] as const) {
  test(`--tol stops where no component of the mean loss's gradient is larger, in ${where}`, async () => {
    const features = drawRows(rowCount, dims, 3, 5, 1);
    // Features far from zero mean: scikit-learn's rule does not depend on means.
    features.data.forEach((value, i) => {
      features.data[i] = value + 2;
    });
    const table = { features, labels: Int32Array.from({ length: rowCount }, (_, row) => row % 3), classes: [...'abc'] };
    const sampleWeights = Float64Array.from({ length: rowCount }, (_, row) => 1 + (row % 2));
    const C = 0.1;
    let steps = 0;
    for (const tol of [1e-2, 1e-3, 1e-5]) {
      const fitted = await createHead('linear', { C, tol }).fit({ ...table, sampleWeights }, context);
      const largest = await largestMeanGradient({ ...table, sampleWeights }, fitted, C);
      assert.ok(fitted.converged);
      assert.ok(largest <= tol * 1.01, `${largest} at ${tol}`);
      assert.ok(Math.abs((fitted.details['largestGradient'] as number) - largest) <= 0.01 * tol);
      assert.equal(fitted.details['stoppedBy'], 'the largest part of the gradient');
      assert.ok(fitted.iterations > steps, `${fitted.iterations} steps, before ${steps}`);
      steps = fitted.iterations;
    }
    const short = await createHead('linear', { C, tol: 1e-5, maxIterations: 2 }).fit(
      { ...table, sampleWeights },
      context,
    );
    const left = await largestMeanGradient({ ...table, sampleWeights }, short, C);
    assert.ok(Math.abs((short.details['largestGradient'] as number) - left) < 0.01 * left);
    assert.match(short.warnings.join(), /not converged after 2 steps.*wanted 0.00001; raise --tol 0.00001/);
    assert.equal(short.details['stoppedBy'], 'max-iterations');
  });
}

/** By its definition, in float64: the weighted mean of the cross-entropy plus |weights|² / (2 C · sum of weights). */
async function largestMeanGradient(table: Table, fitted: FittedHead, C: number): Promise<number> {
  const { features, labels, sampleWeights } = table;
  const { rowCount, columnCount: dims, data } = features;
  const [classCount, weights] = [table.classes.length, fitted.save().arrays['weights']?.data as Float32Array];
  const p = (await fitted.predictProba(features)).data;
  const total = (sampleWeights as Float64Array).reduce((sum, weight) => sum + weight, 0);
  let largest = 0;
  for (let c = 0; c < classCount; c++) {
    for (let d = 0; d <= dims; d++) {
      let sum = d === dims ? 0 : (weights[d * classCount + c] as number) / C;
      for (let row = 0; row < rowCount; row++) {
        const residual = (p[row * classCount + c] as number) - (labels[row] === c ? 1 : 0);
        sum += (sampleWeights?.[row] as number) * residual * (d === dims ? 1 : (data[row * dims + d] as number));
      }
      largest = Math.max(largest, Math.abs(sum) / total);
    }
  }
  return largest;
}

test('stops when interrupted', async () => {
  for (const optimizer of ['lbfgs', 'adam']) {
    const controller = new AbortController();
    const fit = createHead('linear', { optimizer }).fit(wideTable(), { ...context, signal: controller.signal });
    controller.abort();
    await assert.rejects(fit, InterruptedError);
  }
});

test('rejects rows of a single class, with its name', async () => {
  const table = { ...tableOf(four), labels: new Int32Array(four.y.length).fill(2) };
  await assert.rejects(createHead('linear').fit(table, context), /at least 2 classes[\s\S]*1: class 2/);
});

test('rejects parameters that are out of range or belong to the other optimizer', () => {
  for (const params of [{ C: 0 }, { C: -1 }, { C: 'x' }, { tol: 0 }, { maxIterations: 0 }, { optimizer: 'sgd' }]) {
    assert.throws(() => createHead('linear', params), { exitCode: 2 });
  }
  assert.throws(() => createHead('linear', { epochs: 3 }), /epochs[\s\S]*--optimizer adam/);
  assert.throws(() => createHead('linear', { optimizer: 'adam', C: 3 }), /C is not usable[\s\S]*--optimizer lbfgs/);
});

test('adam prints losses, correct test rows and their percentage after each epoch, the same for a seed', async () => {
  const table = wideTable();
  const run = async (seed: number): Promise<{ readonly lines: string[]; readonly fitted: FittedHead }> => {
    const lines: string[] = [];
    const onProgress = ({ message = '' }): unknown => lines.push(message);
    const params = { optimizer: 'adam', epochs: 3, lr: 0.01, batch: 32 };
    const fitted = await createHead('linear', params).fit(table, { seed, threads: 2, test: table, onProgress });
    return { lines, fitted };
  };
  const first = await run(5);
  assert.equal(first.lines.length, 3);
  assert.match(
    first.lines[0] as string,
    /^epoch 1\/3: training loss \d+\.\d{4}, test loss \d+\.\d{4}, correct \d+\/200, \d+\.\d %$/,
  );
  assert.deepEqual((await run(5)).lines, first.lines);
  assert.notDeepEqual((await run(6)).lines, first.lines);
  const losses = first.lines.map((line) => Number(/test loss ([\d.]+)/.exec(line)?.[1]));
  assert.ok((losses[2] as number) < (losses[0] as number));
  assert.equal(first.fitted.details['steps'], 3 * Math.ceil(200 / 32));
});

test('is unchanged after it was saved and loaded', async () => {
  const fitted = await createHead('linear', { C: 3 }).fit(tableOf(four), context);
  const loaded = loadHead(fitted.save());
  assert.deepEqual(await loaded.predictProba(matrix(four.probe)), await fitted.predictProba(matrix(four.probe)));
  assert.deepEqual(loaded.save(), fitted.save());
});

/** 200 rows, 80 columns, 5 classes: wide enough for several threads. */
function wideTable(): Table {
  const data = Float32Array.from({ length: 200 * 80 }, (_, i) => {
    const [row, column] = [Math.floor(i / 80), i % 80];
    return ((row * 7919 + column * 104729) % 1000) / 1000 + (column % 5 === row % 5 ? 0.5 : 0);
  });
  return {
    features: { rowCount: 200, columnCount: 80, data },
    labels: Int32Array.from({ length: 200 }, (_, row) => row % 5),
    classes: ['a', 'b', 'c', 'd', 'e'],
  };
}

test('warns of a learning rate with a loss above that of uniform probabilities', async () => {
  const table: Table = {
    features: drawRows(60, 8, 3, 4),
    labels: Int32Array.from({ length: 60 }, (_, row) => row % 3),
    classes: ['a', 'b', 'c'],
  };
  const fit = (lr: number): Promise<FittedHead> =>
    createHead('linear', { solver: 'adam', epochs: 3, batch: 16, lr }).fit(table, context);
  assert.match((await fit(1e30)).warnings.join(), /above that of an even guess, 1\.10: --lr lowers/);
  assert.deepEqual((await fit(0.05)).warnings, []);
});
