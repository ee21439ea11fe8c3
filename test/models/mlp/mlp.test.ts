import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdOut } from '../../../src/models/calibration/hold-out.ts';
import { mlp } from '../../../src/models/mlp/mlp.ts';
import { plainAdam, wasmAdam } from '../../../src/models/mlp/penalized-adam.ts';
import { randomState } from '../../../src/numerics/mt19937.kernel.ts';
import { InterruptedError, UserError } from '../../../src/system/errors.ts';
import {
  checkClose,
  checkRowSums,
  context,
  goldenHeads,
  goldenTable,
  savedNumbers,
  smallTables,
} from '../golden-heads.ts';

for (const { params, seed, probabilities, ...weights } of goldenHeads.mlp) {
  test(`mlp takes the steps of scikit-learn's MLPClassifier: ${JSON.stringify(params)}`, async () => {
    const { train, held } = goldenTable('tall');
    const fitted = await mlp.create({ ...params, validation: 0 }).fit(train, { ...context, seed });
    for (const name of ['hiddenWeights', 'hiddenBias', 'outputWeights', 'outputBias'] as const) {
      checkClose(savedNumbers(fitted)[name]!, weights[name], 1e-5, name);
    }
    const found = await fitted.predictProba(held);
    checkClose(found.data.subarray(0, probabilities.length), probabilities, 1e-5, 'probabilities');
    assert.equal(fitted.iterations, params.epochs);
    assert.equal(fitted.converged, true);
  });
}

test('mlp stops when the validation loss stops falling, and keeps the best weights', async () => {
  const { train, held } = goldenTable('tall');
  const fitted = await mlp.create({ hidden: 40, lr: 0.02, patience: 4 }).fit(train, context);
  const { bestEpoch, epochs } = fitted.details as { bestEpoch: number; epochs: { heldLoss: number }[] };
  assert.equal(fitted.iterations, bestEpoch + 4);
  assert.equal(Math.min(...epochs.map(({ heldLoss }) => heldLoss)), epochs[bestEpoch - 1]?.heldLoss);
  assert.equal(fitted.converged, true);
  const shorter = await mlp.create({ hidden: 40, lr: 0.02, patience: 4, epochs: bestEpoch }).fit(train, context);
  assert.deepEqual(await shorter.predictProba(held), await fitted.predictProba(held));
  assert.equal(shorter.converged, false);
  assert.match(shorter.warnings.join(), /still falling/);
});

test('a saved mlp is loaded unchanged; it depends on the seed, not on threads', async () => {
  const { train, held } = goldenTable('tall', true);
  const head = mlp.create({ hidden: 64, epochs: 3, batch: 128 });
  const fitted = await head.fit(train, { ...context, threads: 4 });
  const loaded = mlp.load(fitted.save());
  assert.deepEqual(await loaded.predictProba(held), await fitted.predictProba(held));
  assert.deepEqual(loaded.save(), fitted.save());
  assert.deepEqual((await head.fit(train, { ...context, threads: 1 })).save(), fitted.save());
  assert.notDeepEqual((await head.fit(train, { ...context, seed: 1 })).save(), fitted.save());
});

test('a row of weight 3 has the effect of three rows', async () => {
  const { train, held } = goldenTable('wide');
  const weights = Float64Array.from(train.labels, (_, row) => (row === 2 ? 3 : 1));
  const rows = [2, 2, ...train.labels.keys()];
  const params = { hidden: 8, epochs: 30, validation: 0, penalty: 0, batch: 1000 };
  const weighted = await mlp.create(params).fit({ ...train, sampleWeights: weights }, context);
  const { columnCount, data } = train.features;
  const repeated = {
    ...train,
    features: {
      rowCount: rows.length,
      columnCount,
      data: Float32Array.from(rows.flatMap((row) => [...data.subarray(row * columnCount, (row + 1) * columnCount)])),
    },
    labels: Int32Array.from(rows, (row) => train.labels[row] as number),
  };
  const expected = await (await mlp.create(params).fit(repeated, context)).predictProba(held);
  checkClose((await weighted.predictProba(held)).data, [...expected.data], 1e-3, 'probabilities');
});

test('about the requested share is held out, whole groups, and never the last row of a class', () => {
  const labels = Int32Array.from({ length: 200 }, (_, row) => (row < 3 ? row : 3 + (row % 5)));
  const groups = Int32Array.from({ length: 200 }, (_, row) => (row < 10 ? row : 10 + ((row - 10) >> 1)));
  const features = { rowCount: 200, columnCount: 1, data: new Float32Array(200) };
  const table = { features, labels, classes: [...'abcdefgh'], groups };
  const { kept, held } = holdOut(table, 0.2, randomState(5));
  assert.deepEqual(
    [...kept, ...held].sort((a, b) => a - b),
    [...labels.keys()],
  );
  assert.ok(held.length >= 40 && held.length <= 41, `${held.length} rows`);
  for (const row of held)
    assert.ok(
      kept.every((other) => groups[other] !== groups[row]),
      `group of row ${row} is torn`,
    );
  assert.deepEqual([...new Set(Array.from(kept, (row) => labels[row]))].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(holdOut(table, 0, randomState(5)).held.length, 0);
  assert.ok(holdOut({ ...table, labels: new Int32Array(200) }, 0.9, randomState(5)).kept.length >= 1);
});

for (const [name, table] of Object.entries(smallTables)) {
  test(`mlp stands ${name}`, async () => {
    const fitted = await mlp.create({ hidden: 4, epochs: 5 }).fit(table, context);
    checkRowSums(await fitted.predictProba(table.features), name);
  });
}

test('an interrupt and a diverging loss stop mlp', async () => {
  const { train } = goldenTable('tall');
  const controller = new AbortController();
  const run = mlp.create({ epochs: 1_000_000, validation: 0 }).fit(train, {
    ...context,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(run, (error) => error instanceof InterruptedError);
  await assert.rejects(mlp.create({ lr: 1e30 }).fit(train, context), /diverged.*--lr/s);
});

test('mlp rejects parameters, NaN and a truncated file by name', async () => {
  for (const [name, value] of Object.entries({
    hidden: 0,
    epochs: 1.5,
    lr: 0,
    batch: 0,
    penalty: -1,
    validation: 1,
    patience: 0,
  })) {
    assert.throws(() => mlp.create({ [name]: value }), new RegExp(name));
  }
  const { train } = goldenTable('wide');
  const nan = { ...train.features, data: train.features.data.slice().fill(Number.NaN, 75, 76) };
  await assert.rejects(mlp.create({}).fit({ ...train, features: nan }, context), /row 1, column 5.*NaN/s);
  const saved = (await mlp.create({ hidden: 3, epochs: 1 }).fit(train, context)).save();
  const outputBias = { shape: [3], data: new Float32Array(3) };
  assert.throws(() => mlp.load({ ...saved, arrays: { ...saved.arrays, outputBias } }), UserError);
});

for (const count of [1, 2, 3, 4, 5, 1003]) {
  test(`WebAssembly takes the JavaScript loop's steps of Adam to the bit: ${count} parameters`, () => {
    const random = randomState(count);
    const groups = [wasmAdam(count), plainAdam(count)];
    for (let i = 0; i < count; i++) {
      const value = random.double() - 0.5;
      for (const { parameters } of groups) parameters[i] = value;
    }
    const start = groups[0]?.parameters.slice();
    for (let step = 1; step <= 20; step++) {
      for (let i = 0; i < count; i++) {
        // Some gradients are 0 at every step, so that their moments stay 0.
        const slope = i % 7 === 6 ? 0 : (random.double() - 0.5) * 10 ** (i % 9);
        for (const { gradient } of groups) gradient[i] = slope;
      }
      for (const group of groups) group.move(step % 2 === 0 ? 0.01 : 0, step, 0.003);
    }
    assert.deepEqual(groups[0]?.parameters, groups[1]?.parameters);
    assert.notDeepEqual(groups[0]?.parameters, start);
  });
}
