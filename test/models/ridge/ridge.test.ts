import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformalScores } from '../../../src/metrics/conformal.kernel.ts';
import { countCorrect } from '../../../src/metrics/metrics.kernel.ts';
import { scoreProbabilities } from '../../../src/metrics/metrics.ts';
import { knn } from '../../../src/models/knn/knn.ts';
import type { FittedHead } from '../../../src/models/model.ts';
import { solveRidge } from '../../../src/models/ridge/closed-form.ts';
import { temperatureSlope } from '../../../src/models/ridge/ridge.kernel.ts';
import { ridge } from '../../../src/models/ridge/ridge.ts';
import { fitTemperature } from '../../../src/models/ridge/softmax-factor.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { takeRows } from '../../../src/rows/row-source.ts';
import type { Table } from '../../../src/rows/table.ts';
import { InterruptedError, UserError } from '../../../src/system/errors.ts';
import { drawRows } from '../../classify/drawn-set.ts';
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
  for (const weighted of [false, true]) {
    const expected = goldenHeads.ridge[weighted ? (`${name}Weighted` as const) : name];
    const title = `${name}${weighted ? ', weighted' : ''}`;

    test(`ridge has scikit-learn's alpha, coefficients and predictions: ${title}`, async () => {
      const { train, held } = goldenTable(name, weighted);
      const fitted = await ridge.create({ alpha: expected.alphas.join(',') }).fit(train, context);
      const { weights, bias, factor } = savedNumbers(fitted);
      assert.equal(fitted.details['alpha'], expected.alpha);
      checkClose(weights!, expected.weights, 1e-6, 'weights');
      checkClose(bias!, expected.bias, 1e-6, 'bias');
      assert.deepEqual([...(await fitted.predict(held))], expected.predicted);
      assert.ok(Math.abs(factor![0]! / expected.factor - 1) < 1e-5, `factor ${factor}, not ${expected.factor}`);
      const probabilities = await fitted.predictProba(held);
      checkRowSums(probabilities, title);
      const columns = train.classes.length;
      const ratios = probabilities.data.map((share, i) => Math.log(share / probabilities.data[i - (i % columns)]!));
      const scores = expected.scores.map((score, i) => expected.factor * (score - expected.scores[i - (i % columns)]!));
      checkClose(ratios, scores, 1e-4, 'logarithms of probability ratios');
    });

    test(`leave-one-out scores are those of fits without the row: ${title}`, async () => {
      const { train } = goldenTable(name, weighted);
      const { features, labels, classes, sampleWeights } = train;
      const solved = await solveRidge(
        features,
        labels,
        classes.length,
        sampleWeights ?? null,
        [expected.alpha],
        context,
      );
      checkClose(solved.leftOutScores.subarray(0, expected.leftOut.length), expected.leftOut, 1e-7, 'scores');
      if (expected.errors === null) return;
      const all = await solveRidge(features, labels, classes.length, null, expected.alphas, context);
      checkClose(
        all.tried.map(({ error }) => error),
        expected.errors,
        1e-7,
        'errors',
      );
    });
  }
}

test('ridge by features has the errors of leave-one-out fits where the covariance takes several panels', async () => {
  const [rowCount, dims, classCount, alpha] = [1100, 600, 3, 50];
  const features = drawRows(rowCount, dims, classCount, 3, 1);
  const labels = Int32Array.from({ length: rowCount }, (_, row) => row % classCount);
  const all = await solveRidge(features, labels, classCount, null, [alpha], context);
  const kept = Int32Array.from({ length: rowCount - 1 }, (_, row) => row + 1);
  const others = await solveRidge(
    takeRows(features, kept),
    kept.map((row) => labels[row]!),
    classCount,
    null,
    [alpha],
    context,
  );
  const scores = Array.from(others.bias, (bias, c) => {
    let sum = bias;
    for (let d = 0; d < dims; d++) sum += features.data[d]! * others.weights[d * classCount + c]!;
    return sum;
  });
  checkClose(all.leftOutScores.subarray(0, classCount), scores, 1e-7, 'scores of the first row');
});

test('the softmax factor maximizes the likelihood, or is the end of its range', () => {
  const table = (rowCount: number, classCount: number, spread: number) => {
    const labels = Int32Array.from({ length: rowCount }, (_, row) => row % classCount);
    const scores = Float64Array.from({ length: rowCount * classCount }, (_, i) => {
      const [row, c] = [Math.floor(i / classCount), i % classCount];
      return spread * (((i * 7919) % 101) / 101 + (row % 3 > 0 && c === labels[row] ? 0.6 : 0));
    });
    return [scores, labels, new Uint8Array(classCount).fill(1), null] as const;
  };
  for (const [rowCount, classCount, spread] of [
    [200, 5, 1],
    [300, 40, 0.05],
    [60, 3, 30],
  ] as const) {
    const given = table(rowCount, classCount, spread);
    const factor = fitTemperature(...given);
    assert.ok(temperatureSlope(...given, factor * (1 - 1e-6)) < 0, `${factor} is too large`);
    assert.ok(temperatureSlope(...given, factor * (1 + 1e-6)) > 0, `${factor} is too small`);
  }
  checkClose([fitTemperature(...table(60, 3, 1e-5))], [1000], 1e-6, 'the largest factor');
  checkClose([fitTemperature(...table(60, 3, 0))], [0.01], 1e-6, 'the smallest factor');
});

test('ridge learns from one or two rows per class, where most classes have no leave-one-out error', async () => {
  const classCount = 40;
  const all = drawRows(200, 128, classCount, 5, 1);
  const labels = Int32Array.from({ length: 200 }, (_, row) => row % classCount);
  const classes = Array.from({ length: classCount }, (_, c) => `class ${c}`);
  const held = takeRows(
    all,
    Int32Array.from({ length: 120 }, (_, i) => 80 + i),
  );
  for (const rowCount of [40, 43, 60]) {
    const rows = Int32Array.from({ length: rowCount }, (_, i) => i);
    const few: Table = { features: takeRows(all, rows), labels: labels.subarray(0, rowCount), classes };
    const [fitted, nearest] = [await ridge.create({}).fit(few, context), await knn.create({ k: 1 }).fit(few, context)];
    const truth = labels.subarray(80);
    const [right, nearestRight] = [
      countCorrect(truth, await fitted.predict(held)),
      countCorrect(truth, await nearest.predict(held)),
    ];
    const lossOf = async (rows: Matrix, uncalibrated: boolean): Promise<number> =>
      scoreProbabilities(truth, await fitted.predictProba(rows, { uncalibrated })).logLoss;
    const [logLoss, plain] = [await lossOf(held, false), await lossOf(held, true)];
    assert.ok(right > 0.9 * nearestRight, `${right} right of 120, by the nearest row ${nearestRight}`);
    assert.ok(logLoss < plain - 1, `log loss ${logLoss} against ${plain} without calibration`);
    // With too few rows to fit the factor, rows that are like none of the training rows get nearly even probabilities.
    const strange = await lossOf(drawRows(120, 128, classCount, 0, 1), false);
    const byChance = Math.log(classCount);
    if (rowCount < 50) assert.ok(strange < byChance + 0.5, `log loss ${strange}, ${byChance} by chance`);
    assert.equal(
      /since only \d training rows have another one of their class/.test(fitted.warnings.join()),
      rowCount < 50,
    );
  }
});

test('both closed forms agree where rows and features are about as many', async () => {
  const { train, held } = goldenTable('tall');
  const rows = Int32Array.from({ length: 25 }, (_, row) => row);
  const more = { ...train, features: takeRows(train.features, rows), labels: train.labels.subarray(0, 25) };
  const { features, labels } = {
    features: takeRows(train.features, rows.subarray(0, 24)),
    labels: train.labels.subarray(0, 24),
  };
  const tall = await solveRidge(more.features, more.labels, 6, null, [3], context);
  // The last row repeats the one before with almost no weight: 25 rows use the features' form, 24 the rows' form.
  const weights = new Float64Array(25).fill(1);
  weights[24] = 1e-12;
  const nearly = await solveRidge(more.features, more.labels, 6, weights, [3], context);
  const wide = await solveRidge(features, labels, 6, null, [3], context);
  checkClose(nearly.weights, [...wide.weights], 1e-9, 'weights');
  assert.ok(tall.weights.some((value, i) => Math.abs(value - wide.weights[i]!) > 1e-4));
  assert.equal(held.columnCount, 24);
});

test('a saved ridge head is loaded unchanged, and does not depend on threads', async () => {
  for (const name of ['tall', 'wide'] as const) {
    const { train, held } = goldenTable(name);
    const fitted = await ridge.create({}).fit(train, { ...context, threads: 3 });
    const loaded = ridge.load(fitted.save());
    assert.deepEqual(await loaded.predictProba(held), await fitted.predictProba(held));
    assert.deepEqual(loaded.save(), fitted.save());
    assert.deepEqual((await ridge.create({}).fit(train, { ...context, threads: 1 })).save(), fitted.save());
  }
});

test('rows of weight 0 have no influence on ridge', async () => {
  const { train } = goldenTable('tall');
  const kept = Int32Array.from(train.labels.keys()).filter((row) => row % 3 !== 0);
  const weights = Float64Array.from(train.labels, (_, row) => (row % 3 === 0 ? 0 : 1));
  const weighted = await ridge.create({}).fit({ ...train, sampleWeights: weights }, context);
  const less = { ...train, features: takeRows(train.features, kept), labels: kept.map((row) => train.labels[row]!) };
  const without = await ridge.create({}).fit(less, context);
  checkClose(savedNumbers(weighted)['weights']!, [...savedNumbers(without)['weights']!], 1e-6, 'weights');
});

for (const [name, table] of Object.entries(smallTables)) {
  test(`ridge stands ${name}`, async () => {
    const fitted = await ridge.create({}).fit(table, context);
    const probabilities = await fitted.predictProba(table.features);
    checkRowSums(probabilities, name);
    const seen = new Set(table.labels);
    for (const label of await fitted.predict(table.features))
      assert.ok(seen.has(label), `a class that no row had: ${label}`);
  });
}

test('ridge warns when the best alpha is the last one tried, and reports the error of each', async () => {
  const { train } = goldenTable('tall');
  const fitted = await ridge.create({ alpha: [0.001, 0.0001] }).fit(train, context);
  assert.match(fitted.warnings.join(), /end of those tried/);
  assert.equal((fitted.details['leaveOneOut'] as readonly unknown[]).length, 2);
});

test('an interrupt stops ridge', async () => {
  const controller = new AbortController();
  controller.abort();
  const { train } = goldenTable('tall');
  const run = ridge.create({}).fit(train, { ...context, signal: controller.signal });
  await assert.rejects(run, (error) => error instanceof InterruptedError);
});

test('ridge rejects parameters, NaN and a closed form that is too large', async () => {
  for (const alpha of ['0', '-1', 'much', '', '1,,2', Number.NaN])
    assert.throws(() => ridge.create({ alpha }), UserError);
  const side = 8193;
  // No data is needed: the error comes before any computation.
  const features = { rowCount: side, columnCount: side, data: new Float32Array(0) };
  const large = { features, labels: new Int32Array(side), classes: ['a'] };
  await assert.rejects(ridge.create({}).fit(large, context), /too large.*8193 rows x 8193 features/s);
  const { train } = goldenTable('wide');
  const nan = { ...train.features, data: train.features.data.slice().fill(Number.NaN, 75, 76) };
  await assert.rejects(ridge.create({}).fit({ ...train, features: nan }, context), /row 1, column 5.*NaN/s);
});

test('ridge judges every row by the fit without it, except related rows and the only row of a class', async () => {
  const { train } = goldenTable('tall');
  const alpha = 3;
  const fit = (table: typeof train): Promise<FittedHead> => ridge.create({ alpha }).fit(table, context);
  const whole = await fit(train);
  assert.equal(whole.heldOut?.rowsAre, 'left out one by one');
  const count = train.labels.length;
  const factor = savedNumbers(whole)['factor']![0]!;
  assert.equal(whole.heldOut.scores.length, count);
  for (const row of [0, 7]) {
    const kept = Int32Array.from(train.labels.keys()).filter((other) => other !== row);
    const labels = kept.map((other) => train.labels[other]!);
    const { weights, bias } = savedNumbers(await fit({ ...train, features: takeRows(train.features, kept), labels }));
    const own = takeRows(train.features, Int32Array.of(row)).data;
    const scores = Float32Array.from(bias!, (start, c) =>
      own.reduce((sum, value, d) => sum + value * weights![d * train.classes.length + c]!, start),
    );
    const expected = conformalScores(scores, train.classes.length, train.labels.subarray(row, row + 1), factor);
    checkClose([whole.heldOut.scores[row]!], [...expected], 1e-4, `row ${row}`);
  }
  const alone = await fit({ ...train, labels: train.labels.map((_, row) => (row === 0 ? 0 : 1 + (row % 5))) });
  assert.equal(alone.heldOut?.scores.length, count - 1);
  assert.equal((await fit({ ...train, groups: Int32Array.from(train.labels.keys()) })).heldOut, undefined);
});
