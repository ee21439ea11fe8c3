import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knn } from '../../../src/models/knn/knn.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { takeRows } from '../../../src/rows/row-source.ts';
import { UserError } from '../../../src/system/errors.ts';
import {
  checkClose,
  checkRowSums,
  context,
  goldenHeads,
  goldenTable,
  savedNumbers,
  smallTables,
} from '../golden-heads.ts';

for (const name of ['tall', 'wide'] as const) {
  for (const { params, votes, predicted } of goldenHeads.knn[name]) {
    test(`knn votes as scikit-learn's KNeighborsClassifier: ${name}, ${JSON.stringify(params)}`, async () => {
      const { train, held } = goldenTable(name);
      const fitted = await knn.create(params).fit(train, context);
      assert.deepEqual([...(await fitted.predict(held))], predicted);
      const probabilities = await fitted.predictProba(held);
      checkRowSums(probabilities, name);
      // One more vote than the neighbours', shared by the classes.
      const k = Math.min(params.k, train.labels.length);
      const unsmoothed = probabilities.data.map((share) => (share * (k + 1) - 1 / train.classes.length) / k);
      checkClose(unsmoothed, votes, 2e-5, 'votes');
    });
  }
}

test('a saved knn head is loaded unchanged, with its weights, on any number of threads', async () => {
  const { train, held } = goldenTable('tall', true);
  const fitted = await knn.create({ k: 9 }).fit(train, context);
  const loaded = knn.load(fitted.save());
  assert.deepEqual(await loaded.predictProba(held), await fitted.predictProba(held));
  assert.deepEqual(loaded.save(), fitted.save());
  const alone = await knn.create({ k: 9 }).fit(train, { ...context, threads: 1 });
  assert.deepEqual(await alone.predictProba(held), await fitted.predictProba(held));
  const { train: plain } = goldenTable('tall');
  assert.notDeepEqual(
    await (await knn.create({ k: 9 }).fit(plain, context)).predictProba(held),
    await fitted.predictProba(held),
  );
});

test('rows of weight 0 are never neighbours', async () => {
  const { train, held } = goldenTable('tall');
  const kept = Int32Array.from(train.labels.keys()).filter((row) => row % 3 !== 0);
  const weights = Float64Array.from(train.labels, (_, row) => (row % 3 === 0 ? 0 : 1));
  const weighted = await knn.create({}).fit({ ...train, sampleWeights: weights }, context);
  const less = { ...train, features: takeRows(train.features, kept), labels: kept.map((row) => train.labels[row]!) };
  const without = await knn.create({}).fit(less, context);
  assert.deepEqual(await weighted.predictProba(held), await without.predictProba(held));
});

test('finds the same neighbours in several blocks of training rows and queries, the earlier of equals', async () => {
  const [dims, classes] = [6, [...'abc']];
  // Integers: many rows are equal.
  const draw = (rowCount: number, step: number): Matrix => ({
    rowCount,
    columnCount: dims,
    data: Float32Array.from({ length: rowCount * dims }, (_, i) => 1 + (Math.imul(i + 1, step) >>> 28)),
  });
  const train = draw(2500, 0x9e3779b1);
  const queries = draw(1100, 0x85ebca6b);
  const labels = Int32Array.from({ length: 2500 }, (_, row) => (row >> 1) % 3);
  const fitted = await knn.create({ k: 5, votes: 'uniform' }).fit({ features: train, labels, classes }, context);
  const { data } = await fitted.predictProba(queries);
  const { unitTrain } = savedNumbers(fitted);
  const cosine = (query: number, row: number): number => {
    let sum = 0;
    for (let d = 0; d < dims; d++) sum += queries.data[query * dims + d]! * unitTrain![row * dims + d]!;
    return sum;
  };
  for (const query of [0, 1, 1023, 1024, 1099]) {
    const nearest = [...labels.keys()].sort((a, b) => cosine(query, b) - cosine(query, a) || a - b).slice(0, 5);
    const shares = classes.map((_, c) => (nearest.filter((row) => labels[row] === c).length + 1 / 3) / 6);
    checkClose(data.subarray(query * 3, query * 3 + 3), shares, 1e-6, `query ${query}`);
  }
});

for (const [name, table] of Object.entries(smallTables)) {
  test(`knn stands ${name}`, async () => {
    const fitted = await knn.create({ temperature: 1e-6 }).fit(table, context);
    checkRowSums(await fitted.predictProba(table.features), name);
    assert.match(fitted.warnings.join(), /there (?:is only 1 training row|are only \d+ training rows),/);
  });
}

test('knn rejects parameters, NaN and a truncated file by name', async () => {
  assert.throws(() => knn.create({ k: 0 }), /k/);
  assert.throws(() => knn.create({ temperature: 0 }), /temperature/);
  assert.throws(() => knn.create({ votes: 'loud' }), /votes/);
  const { train } = goldenTable('wide');
  const fitted = await knn.create({}).fit(train, context);
  const nan = { ...train.features, data: train.features.data.slice().fill(Number.NaN, 75, 76) };
  await assert.rejects(fitted.predict(nan), /row 1, column 5.*NaN/s);
  await assert.rejects(knn.create({}).fit({ ...train, features: nan }, context), /row 1, column 5.*NaN/s);
  const { unitTrain, ...rest } = fitted.save().arrays;
  assert.throws(() => knn.load({ ...fitted.save(), arrays: rest }), UserError);
  assert.ok(unitTrain);
});
