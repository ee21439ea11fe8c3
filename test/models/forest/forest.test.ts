import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forest } from '../../../src/models/forest/forest.ts';
import { countFeatures } from '../../../src/models/forest/params.ts';
import { growForest } from '../../../src/models/forest/trees/trees.ts';
import type { FitContext, FittedHead, SavedHead } from '../../../src/models/model.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { takeRows } from '../../../src/rows/row-source.ts';
import type { Table } from '../../../src/rows/table.ts';
import { InterruptedError, UserError } from '../../../src/system/errors.ts';
import { matrixFixture } from '../../classify/data/npy-fixture.ts';
import { jsonFixture } from '../../reference.ts';
import { savedNumbers, smallTables } from '../golden-heads.ts';

interface Run {
  readonly accuracy: number;
  readonly accuracyStd: number;
  readonly outOfBag: number;
  readonly logLoss: number;
  readonly nodes: number;
  readonly importances: readonly number[];
  readonly firstRowProbabilities: readonly (readonly number[])[];
}
const golden = jsonFixture<{
  readonly drawn: {
    readonly labels: readonly number[];
    readonly classCount: number;
    readonly trainRows: number;
    readonly trees: number;
    readonly runs: Readonly<Record<string, Run>>;
  };
}>('classify/forest.json').drawn;
const drawn: Matrix = matrixFixture('forest-drawn.npy');
const classes = Array.from({ length: golden.classCount }, (_, c) => `class ${c}`);
const rowsFrom = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, i) => first + i);
const trainRows = rowsFrom(0, golden.trainRows);
const testRows = rowsFrom(golden.trainRows, drawn.rowCount);
const train: Table = {
  features: takeRows(drawn, trainRows),
  labels: Int32Array.from(trainRows, (row) => golden.labels[row]!),
  classes,
};
const held = takeRows(drawn, testRows);
const context: FitContext = { seed: 0, threads: 1 };

async function accuracyOf(head: FittedHead): Promise<number> {
  const predicted = await head.predict(held);
  return testRows.filter((row, i) => predicted[i] === golden.labels[row]).length / testRows.length;
}

async function logLossOf(head: FittedHead): Promise<number> {
  const { data } = await head.predictProba(held);
  // The bound is the fixture script's.
  const losses = testRows.map((row, i) => -Math.log(Math.max(0.01, data[i * classes.length + golden.labels[row]!]!)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number): number =>
    mean(x.map((value, i) => (value - mx) * (y[i]! - my)));
  return product(a, meanA, b, meanB) / Math.sqrt(product(a, meanA, a, meanA) * product(b, meanB, b, meanB));
}

const runParams: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  default: {},
  minLeaf: { minLeaf: 4 },
  maxDepth: { maxDepth: 5 },
  all: { maxFeatures: 'all' },
  half: { maxFeatures: 0.5 },
};

for (const [name, expected] of Object.entries(golden.runs)) {
  test(`forests of many seeds have the distribution of scikit-learn's: ${name}`, async () => {
    const head = forest.create({ ...runParams[name], trees: golden.trees });
    const heads: FittedHead[] = [];
    for (let seed = 0; seed < 20; seed++) heads.push(await head.fit(train, { ...context, seed }));
    const accuracy = mean(await Promise.all(heads.map(accuracyOf)));
    assert.ok(Math.abs(accuracy - expected.accuracy) < 0.01, `accuracy ${accuracy}, not ${expected.accuracy}`);
    const outOfBag = mean(heads.map((one) => Number(one.details['outOfBagAccuracy'])));
    assert.ok(Math.abs(outOfBag - expected.outOfBag) < 0.01, `out of bag ${outOfBag}, not ${expected.outOfBag}`);
    const logLoss = mean(await Promise.all(heads.map(logLossOf)));
    assert.ok(Math.abs(logLoss / expected.logLoss - 1) < 0.03, `log loss ${logLoss}, not ${expected.logLoss}`);
    const nodes = mean(heads.map((one) => savedNumbers(one)['feature']!.length));
    assert.ok(Math.abs(nodes / expected.nodes - 1) < 0.02, `${nodes} nodes, not ${expected.nodes}`);
    const importances = expected.importances.map((_, i) =>
      mean(heads.map((one) => savedNumbers(one)['featureImportances']![i]!)),
    );
    assert.ok(correlation(importances, expected.importances) > 0.99, 'importances do not correlate');
    const first = await Promise.all(heads.map((one) => one.predictProba(takeRows(held, rowsFrom(0, 8)))));
    expected.firstRowProbabilities.flat().forEach((probability, i) => {
      const found = mean(first.map(({ data }) => data[i]!));
      assert.ok(Math.abs(found - probability) < 0.04, `probability ${i}: ${found}, not ${probability}`);
    });
  });
}

test('every row of probabilities sums to 1 and predict returns the largest', async () => {
  const fitted = await forest.create({ trees: 7 }).fit(train, context);
  const { data } = await fitted.predictProba(held);
  const predicted = await fitted.predict(held);
  predicted.forEach((label, row) => {
    const shares = [...data.subarray(row * classes.length, (row + 1) * classes.length)];
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6);
    assert.equal(label, shares.indexOf(Math.max(...shares)));
  });
});

test('predictions depend on the seed, not on the number of threads', async () => {
  const options = { treeCount: 9, maxFeatures: 4, maxDepth: Number.POSITIVE_INFINITY, minLeaf: 1, seed: 3 };
  const grow = (threads: number, more: object = {}) =>
    growForest(train.features, train.labels, classes.length, null, { ...options, threads, threadsAbove: 0, ...more });
  const here = await grow(1, { threadsAbove: Number.POSITIVE_INFINITY });
  assert.deepEqual(await grow(1), here);
  assert.deepEqual(await grow(3), here);
  assert.notDeepEqual((await grow(1, { seed: 4, threadsAbove: Number.POSITIVE_INFINITY })).arrays, here.arrays);
});

test('a saved forest is loaded unchanged', async () => {
  const fitted = await forest.create({ trees: 5, maxDepth: 6 }).fit(train, context);
  const saved = fitted.save();
  const loaded = forest.load(saved);
  assert.deepEqual(await loaded.predictProba(held), await fitted.predictProba(held));
  assert.deepEqual(loaded.save(), saved);
});

test('a saved forest with an invalid link is rejected', async () => {
  const saved = (await forest.create({ trees: 2 }).fit(train, context)).save();
  const spoil = (name: string, change: (data: Int32Array) => void): SavedHead => {
    const array = saved.arrays[name]!;
    const data = Int32Array.from(array.data as Int32Array);
    change(data);
    return { ...saved, arrays: { ...saved.arrays, [name]: { ...array, data } } };
  };
  const broken = [
    spoil('child', (data) => data.fill(0, 0, 1)),
    spoil('child', (data) => data.fill(1 << 30, 0, 1)),
    spoil('feature', (data) => data.fill(drawn.columnCount, 0, 1)),
    spoil('root', (data) => data.fill(-1)),
    spoil('leafStart', (data) => data.fill(0)),
    spoil('leafClass', (data) => data.fill(golden.classCount)),
    { ...saved, arrays: { ...saved.arrays, threshold: { shape: [1], data: new Float32Array(1) } } },
    { ...saved, solver: 'unknown' },
  ];
  for (const one of broken) assert.throws(() => forest.load(one), UserError);
});

for (const where of ['on this thread', 'in workers'] as const) {
  test(`a fit that is interrupted stops ${where}`, async () => {
    const controller = new AbortController();
    let trees = 0;
    const options = {
      treeCount: 100_000,
      maxFeatures: 4,
      maxDepth: 50,
      minLeaf: 1,
      seed: 0,
      threads: 2,
      threadsAbove: where === 'in workers' ? 0 : Number.POSITIVE_INFINITY,
      signal: controller.signal,
      onTree: (done: number) => {
        trees = done;
        controller.abort();
      },
    };
    await assert.rejects(
      growForest(train.features, train.labels, classes.length, null, options),
      (error) => error instanceof InterruptedError,
    );
    assert.ok(trees >= 1 && trees < 10_000, `${trees} trees`);
  });
}

test('rows of weight 0 have no influence, and weights change the probabilities', async () => {
  const weights = Float64Array.from(train.labels, (label) => (label === 2 ? 0 : 1));
  const head = forest.create({ trees: 10 });
  const without = await head.fit({ ...train, sampleWeights: weights }, context);
  const { data } = await without.predictProba(held);
  assert.ok(data.every((share, i) => i % classes.length !== 2 || share === 0));
  const ones = await head.fit({ ...train, sampleWeights: new Float64Array(train.labels.length).fill(1) }, context);
  assert.deepEqual(await ones.predictProba(held), await (await head.fit(train, context)).predictProba(held));
});

test('one class, constant features, two rows, and more classes than rows can be fitted', async () => {
  const head = forest.create({ trees: 20 });
  for (const [name, small] of Object.entries(smallTables)) {
    const fitted = await head.fit(small, context);
    const { data } = await fitted.predictProba(small.features);
    for (let row = 0; row < small.features.rowCount; row++) {
      const shares = data.subarray(row * small.classes.length, (row + 1) * small.classes.length);
      assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6, name);
    }
    assert.deepEqual(
      await forest.load(fitted.save()).predictProba(small.features),
      { ...small.features, columnCount: small.classes.length, data },
      name,
    );
  }
  const constant = await head.fit(smallTables['constant features']!, context);
  assert.match(constant.warnings.join(), /no tree found a split/);
});

test('NaN and infinite features are rejected with row and column, in fit and predict', async () => {
  const bad = takeRows(drawn, rowsFrom(0, 10));
  bad.data[3 * drawn.columnCount + 7] = Number.NaN;
  const labels = train.labels.subarray(0, 10);
  await assert.rejects(forest.create({}).fit({ features: bad, labels, classes }, context), /row 3, column 7.*NaN/s);
  const fitted = await forest.create({ trees: 1 }).fit(train, context);
  bad.data[3 * drawn.columnCount + 7] = Number.NEGATIVE_INFINITY;
  await assert.rejects(fitted.predict(bad), /row 3, column 7.*-Infinity/s);
  await assert.rejects(fitted.predict({ rowCount: 1, columnCount: 2, data: new Float32Array(2) }), /fitted on other/);
});

test('invalid parameters are rejected by name', () => {
  for (const [params, name] of [
    [{ trees: 0 }, /trees/],
    [{ trees: 1.5 }, /trees/],
    [{ maxDepth: 0 }, /maxDepth/],
    [{ minLeaf: 'few' }, /minLeaf/],
    [{ maxFeatures: 1.5 }, /maxFeatures/],
    [{ maxFeatures: 'cube' }, /maxFeatures/],
    [{ solver: 'xgboost' }, /solver/],
  ] as const) {
    assert.throws(
      () => forest.create(params),
      (error) => error instanceof UserError && error.exitCode === 2 && name.test(error.message),
    );
  }
});

test("features per split follow scikit-learn's max_features", () => {
  assert.equal(countFeatures('sqrt', 2048), 45);
  assert.equal(countFeatures('log2', 2048), 11);
  assert.equal(countFeatures('all', 2048), 2048);
  assert.equal(countFeatures(0.3, 2048), 614);
  assert.equal(countFeatures(1e-9, 2048), 1);
  assert.equal(countFeatures(1, 2048), 1);
  assert.equal(countFeatures(5000, 2048), 2048);
});

const few = { ...train, features: takeRows(drawn, rowsFrom(0, 90)), labels: train.labels.subarray(0, 90) };

test('ml-random-forest fits with the same interface, on any number of threads, and is loaded unchanged', async () => {
  const head = forest.create({ solver: 'ml-random-forest', trees: 3, maxFeatures: 8 });
  const fitted = await head.fit(few, context);
  assert.ok((await accuracyOf(fitted)) > 0.3, 'no better than chance');
  const probabilities = await fitted.predictProba(held);
  assert.deepEqual(await (await head.fit(few, { ...context, threads: 2 })).predictProba(held), probabilities);
  const loaded = forest.load(fitted.save());
  assert.deepEqual(await loaded.predictProba(held), probabilities);
  assert.deepEqual(await loaded.predict(held), await fitted.predict(held));
  const saved = fitted.save();
  const cut = {
    ...saved.arrays['model']!,
    shape: [10],
    data: (saved.arrays['model']!.data as Uint8Array).slice(0, 10),
  };
  assert.throws(() => forest.load({ ...saved, arrays: { model: cut } }), UserError);
});

test('ml-random-forest rejects a run of more than ten minutes, and starts it when allowed', async () => {
  const params = { solver: 'ml-random-forest', trees: 100_000, maxFeatures: 'all' };
  await assert.rejects(
    forest.create(params).fit(train, context),
    /would take about \d+ (minutes|hours).*--allow-slow/s,
  );
  const controller = new AbortController();
  const messages: string[] = [];
  const run = forest.create({ ...params, allowSlow: true }).fit(train, {
    ...context,
    signal: controller.signal,
    onProgress: ({ message }) => {
      messages.push(message ?? '');
      controller.abort();
    },
  });
  await assert.rejects(run, (error) => error instanceof InterruptedError);
  assert.match(messages[0]!, /will take about/);
});

test('ml-random-forest rejects sample weights', async () => {
  const weighted = { ...few, sampleWeights: new Float64Array(90).fill(1) };
  await assert.rejects(forest.create({ solver: 'ml-random-forest' }).fit(weighted, context), /weights/);
});
