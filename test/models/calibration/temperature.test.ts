import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseHeads } from '../../../src/classify/choose-heads.ts';
import { scoreProbabilities } from '../../../src/metrics/metrics.ts';
import { calibrated } from '../../../src/models/calibration/temperature.ts';
import { createHead, headKinds, loadHead } from '../../../src/models/registry.ts';
import { type Table, takeTableRows } from '../../../src/rows/table.ts';
import { foldsForCalibration } from '../../../src/split/inner-folds.ts';
import { drawRows } from '../../classify/drawn-set.ts';
import { drawnTail } from '../finetune/drawn-tail.ts';

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
const networkTail = async () => drawnTail([4, 2, 2]);
const context = { seed: 0, threads: 1, networkTail };

test('a temperature lowers the log loss of an overconfident head and changes no prediction', async () => {
  const fitted = await createHead('linear', { C: 1000, calibrate: 'temperature' }).fit(train, context);
  const plain = await createHead('linear', { C: 1000 }).fit(train, context);
  const before = await fitted.predictProba(held.features, { uncalibrated: true });
  assert.deepEqual(before, await plain.predictProba(held.features));
  assert.deepEqual(await fitted.predict(held.features), await plain.predict(held.features));
  const lossOf = async (p: typeof before): Promise<number> => scoreProbabilities(held.labels, p).logLoss;
  const [loss, lossBefore] = [await lossOf(await fitted.predictProba(held.features)), await lossOf(before)];
  assert.ok(loss < lossBefore - 0.02, `${loss} against ${lossBefore}`);
  assert.ok((fitted.details['temperatureSlope'] as number) < 1);
  assert.match(fitted.details['probabilities'] as string, /softmax, temperature-scaled on 150 cross-validated rows/);
});

test('a temperature sharpens the probabilities of an underconfident forest, and is saved with it', async () => {
  const fitted = await createHead('forest', { trees: 40, calibrate: 'temperature' }).fit(train, context);
  assert.ok((fitted.details['temperatureSlope'] as number) > 1);
  const loaded = loadHead(fitted.save());
  assert.deepEqual(await loaded.predictProba(held.features), await fitted.predictProba(held.features));
  assert.deepEqual(
    await loaded.predictProba(held.features, { uncalibrated: true }),
    await fitted.predictProba(held.features, { uncalibrated: true }),
  );
});

test('calibration on out-of-bag rows gives a forest about the temperature of folds, and the same trees', async () => {
  for (const trees of [20, 300]) {
    const fitted = await createHead('forest', { trees, calibrate: 'temperature' }).fit(train, context);
    assert.match(fitted.details['probabilities'] as string, /temperature-scaled on 1\d\d out-of-bag rows/);
    const plain = await createHead('forest', { trees }).fit(train, context);
    assert.deepEqual(fitted.save().arrays, plain.save().arrays);
    assert.equal(fitted.details['outOfBagAccuracy'], plain.details['outOfBagAccuracy']);
    const { temperature: _, ...withFolds } = createHead('forest', { trees });
    const byFolds = await calibrated(withFolds).fit(train, context);
    assert.match(byFolds.details['probabilities'] as string, /temperature-scaled on 150 cross-validated rows/);
    const lossOf = async (head: typeof fitted): Promise<number> =>
      scoreProbabilities(held.labels, await head.predictProba(held.features)).logLoss;
    const [loss, lossByFolds, lossBefore] = [await lossOf(fitted), await lossOf(byFolds), await lossOf(plain)];
    assert.ok(loss < lossByFolds * 1.02, `${trees} trees: ${loss} against ${lossByFolds}`);
    assert.ok(loss < lossBefore - 0.05, `${trees} trees: ${loss} against ${lossBefore}`);
  }
});

test('the temperature of a forest does not depend on threads', async () => {
  const head = createHead('forest', { trees: 30, calibrate: 'temperature', scale: 'standard' });
  const [one, two] = [await head.fit(train, context), await head.fit(train, { ...context, threads: 2 })];
  assert.match(one.details['probabilities'] as string, /out-of-bag/);
  assert.deepEqual(one.save(), two.save());
});

test('folds of a linear head that start at the full fit give the temperature of folds fitted from zero', async () => {
  // 100 rows of 240 features are fitted in their span, 150 of 16 are not; a class of one row is in no training fold.
  const wide = drawRows(100, 240, 5, 22, 1.3);
  const single = Int32Array.from({ length: 100 }, (_, row) => (row === 7 ? 4 : row % 4));
  for (const table of [train, { features: wide, labels: single, classes: whole.classes }]) {
    for (const C of [0.1, 10]) {
      const fitted = await createHead('linear', { C, calibrate: 'temperature' }).fit(table, context);
      const { temperature: _, ...withFolds } = createHead('linear', { C });
      const byFolds = await calibrated(withFolds).fit(table, context);
      assert.deepEqual(fitted.save().arrays, byFolds.save().arrays);
      assert.equal(fitted.details['temperatureRows'], byFolds.details['temperatureRows']);
      const [slope, other] = [fitted, byFolds].map((head) => head.details['temperatureSlope'] as number);
      assert.ok(Math.abs((slope as number) / (other as number) - 1) < 0.01, `C=${C}: ${slope} against ${other}`);
    }
  }
});

test('a linear head stopped by --tol has the temperature of folds with the same --tol', async () => {
  for (const params of [
    { C: 1000, tol: 0.03 },
    { C: 10, tol: 0.01 },
    { C: 10, tol: 1e-3 },
  ]) {
    const fitted = await createHead('linear', { ...params, calibrate: 'temperature' }).fit(train, context);
    const { temperature: _, ...withFolds } = createHead('linear', params);
    const byFolds = await calibrated(withFolds).fit(train, context);
    const [slope, other] = [fitted, byFolds].map((head) => head.details['temperatureSlope'] as number);
    assert.ok(
      Math.abs((slope as number) / (other as number) - 1) < 0.05,
      `tol=${params.tol}: ${slope} against ${other}`,
    );
  }
});

test('a forest with groups or views is calibrated on folds, since related rows would leak from the bag', async () => {
  const groups = Int32Array.from(train.labels.keys(), (row) => row >> 1);
  const plainRowOf = Int32Array.from(train.labels.keys(), (row) => row - (row % 10 === 9 ? 5 : 0));
  for (const table of [
    { ...train, groups },
    { ...train, plainRowOf },
  ]) {
    const fitted = await createHead('forest', { trees: 10, calibrate: 'temperature' }).fit(table, context);
    assert.match(fitted.details['probabilities'] as string, /cross-validated/);
  }
});

test('balanced class weights apply to the fit, and not to the temperature', async () => {
  const uneven = takeTableRows(
    whole,
    rows.filter((row) => row % 5 !== 2 || row % 4 === 0),
  );
  const head = createHead('forest', { trees: 60, classWeight: 'balanced' });
  const fitted = await calibrated(head).fit(uneven, context);
  const weights = new Float64Array(uneven.labels.length).fill(1);
  assert.match(fitted.details['probabilities'] as string, /out-of-bag/);
  const same = await calibrated(head).fit({ ...uneven, sampleWeights: weights }, context);
  assert.equal(same.details['temperatureSlope'], fitted.details['temperatureSlope']);
  const first = weights.map((_, row) => (uneven.labels[row] === 0 ? 1 : 1e-3));
  const other = await head.temperature?.fit(uneven, context, first);
  assert.notEqual(other?.inverse, fitted.details['temperatureSlope']);
});

test('an mlp is calibrated on its validation rows, or by folds where they are few', async () => {
  const several = takeTableRows(
    whole,
    rows.filter((row) => row < 250),
  );
  const params = { hidden: 16, lr: 0.02, validation: 0.2 };
  const plain = await createHead('mlp', params).fit(several, context);
  const fitted = await createHead('mlp', { ...params, calibrate: 'temperature' }).fit(several, context);
  assert.match(fitted.details['probabilities'] as string, /temperature-scaled on 50 held-out rows/);
  assert.deepEqual(fitted.save().arrays, plain.save().arrays);
  const slope = fitted.details['temperatureSlope'] as number;
  assert.ok(slope > 0.5 && slope < 2 && slope !== 1, String(slope));
  for (const less of [
    { ...params, validation: 0.1 },
    { ...params, validation: 0, epochs: 20 },
  ]) {
    const few = await createHead('mlp', { ...less, calibrate: 'temperature' }).fit(several, context);
    assert.match(few.details['probabilities'] as string, /temperature-scaled on 250 cross-validated rows/);
  }
});

test('with one row per class nothing is held out, and the head reports that it is not calibrated', async () => {
  const few = takeTableRows(whole, Int32Array.of(0, 1, 2, 3, 4));
  assert.deepEqual(foldsForCalibration(few, 5), []);
  for (const model of ['linear', 'forest']) {
    const fitted = await createHead(model, { calibrate: 'temperature' }).fit(few, context);
    assert.equal(fitted.details['temperatureSlope'], 1);
    assert.match(fitted.details['probabilities'] as string, /not calibrated/);
  }
});

test('the heads of the command line are calibrated by default', () => {
  const calibration = (models: string[], params = {}) =>
    chooseHeads(models, params).map(({ model, params }) => [model, params['calibrate'] ?? 'none']);
  assert.deepEqual(calibration(['all']), [
    ['linear', 'temperature'],
    ['svm', 'none'],
    ['forest', 'temperature'],
    ['knn', 'temperature'],
    ['ridge', 'none'],
    ['mlp', 'temperature'],
  ]);
  assert.deepEqual(calibration(['linear'], { calibrate: 'none' }), [['linear', 'none']]);
  // Heads that calibrate themselves record in their settings that they did not.
  const [own, plain] = [{ calibrate: 'auto' }, { calibrate: 'none' }].map((params) =>
    chooseHeads(['svm', 'ridge'], params),
  );
  assert.deepEqual(
    own?.map(({ params }) => params['calibrate']),
    [undefined, undefined],
  );
  assert.deepEqual(
    plain?.map(({ params }) => params['calibrate']),
    ['none', 'none'],
  );
  assert.deepEqual(calibration(['svm'], { calibrate: 'temperature' }), [['svm', 'temperature']]);
  // Held-out rows are free; without them calibration would take five fits.
  assert.deepEqual(calibration(['finetune']), [['finetune', 'temperature']]);
  assert.deepEqual(calibration(['finetune'], { validation: 0 }), [['finetune', 'none']]);
  // A fit takes minutes there.
  assert.deepEqual(calibration(['forest'], { solver: 'ml-random-forest' }), [['forest', 'none']]);
});

for (const [model, params] of [
  ['svm', {}],
  ['svm', { solver: 'linearsvc' }],
  ['ridge', {}],
] as const) {
  test(`${model} ${JSON.stringify(params)} without calibration gives its original probabilities`, async () => {
    const own = await createHead(model, { ...params, calibrate: 'auto', scale: 'minmax' }).fit(train, context);
    const plain = await createHead(model, { ...params, calibrate: 'none', scale: 'minmax' }).fit(train, context);
    assert.deepEqual([own.calibrated, plain.calibrated], [true, false]);
    const found = await plain.predictBoth(held.features);
    assert.deepEqual(found, await own.predictBoth(held.features, { uncalibrated: true }));
    const loaded = loadHead(plain.save());
    assert.deepEqual(await loaded.predictBoth(held.features), found);
    assert.equal(loaded.params['calibrate'], 'none');
    assert.ok(!plain.warnings.some((warning) => warning.includes('calibrated')));
  });
}

// Zero-shot has no other scaling than l2: test/models/zero-shot.
for (const { model } of headKinds.filter((kind) => kind.model !== 'zero-shot')) {
  for (const scale of ['none', 'minmax']) {
    test(`${model} on features scaled by ${scale} reports its probabilities before calibration`, async () => {
      const size = model === 'mlp' ? { hidden: 16, lr: 0.02 } : model === 'finetune' ? { epochs: 10 } : {};
      const fitted = await createHead(model, { calibrate: 'auto', scale, ...size }).fit(train, context);
      const before = await fitted.predictProba(held.features, { uncalibrated: true });
      const after = await fitted.predictProba(held.features);
      assert.ok(fitted.calibrated);
      assert.notDeepEqual(before, after);
      let sameClass = 0;
      for (let row = 0; row < 250; row++) {
        const [own, other] = [before, after].map(({ data }) => [...data.subarray(row * 5, row * 5 + 5)]);
        assert.ok(Math.abs((own ?? []).reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
        if (own?.indexOf(Math.max(...own)) === other?.indexOf(Math.max(...other))) sameClass++;
      }
      // One slope for all classifiers of an SVM may change a narrow result.
      assert.ok(sameClass >= (model === 'svm' ? 225 : 250), `${sameClass} of 250 rows keep their class`);
    });
  }
}

test('with many rows a single fold is used for calibration', async () => {
  const fits: number[] = [];
  const plain = createHead('ridge');
  const counting = calibrated({
    ...plain,
    fit: (table, given) => {
      fits.push(table.labels.length);
      return plain.fit(table, given);
    },
  });
  const many = (rowCount: number): Table => ({
    features: drawRows(rowCount, 4, 5, 3, 1),
    labels: Int32Array.from({ length: rowCount }, (_, row) => row % 5),
    classes: whole.classes,
  });
  await counting.fit(many(6000), context);
  assert.deepEqual(fits.splice(0), [6000, 4800]);
  await counting.fit(many(2000), context);
  assert.deepEqual(fits.splice(0), [2000, 1600, 1600, 1600]);
  await counting.fit(many(100), context);
  assert.deepEqual(fits, [100, 80, 80, 80, 80, 80]);
});
